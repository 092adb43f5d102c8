import * as z from "zod/v4";

const MIB = 1024 * 1024;
/** GitHub refuses larger files. */
const MAX_FILE_BYTES = 100 * MIB;
/** A larger push is mostly a folder that nobody meant to commit. */
const MAX_PUSH_BYTES = 500 * MIB;
const MAX_FILES = 10_000;

const glob = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => !/^\/|\p{Cc}/u.test(text), "is not a pattern of paths such as docs/**")
  .describe("* is any part of a name, ** any folders; from the root of the repository");

const most = z.int().min(1);

const refs = z.strictObject({
  default_branch: z
    .enum(["named", "open", "never"])
    .describe("Whether a push reaches the default branch: named: if it names it; open: also while it is checked out"),
  tags: z.boolean().describe("Whether tags may be pushed"),
  delete_own: z.boolean().describe("Whether a workspace may delete branches that it created"),
});

/** The rules that apply to the pushes of one tenant to one git host. */
export const policySchema = z.strictObject({
  refs,
  paths: z.array(glob).max(50).describe("Files that no push may change"),
  max_file_bytes: most.describe("Largest file"),
  max_push_bytes: most.describe("New contents of one push together"),
  max_files: most.describe("Files that one push changes"),
  secrets: z
    .enum(["refuse", "tell", "off"])
    .describe("Of a push that adds a secret: refuse it, push it and tell of it in the answer, or do not look"),
  allow_secrets: z.boolean().describe("Whether a call may name files in which secrets are none, such as keys of tests"),
});

export type Policy = z.output<typeof policySchema>;

const rules = policySchema.extend({ refs: refs.partial() }).partial();
type Rules = z.output<typeof rules>;

const byHost = z.record(z.string(), rules);

/** The setting POLICY. Later rules win: default, hosts, tenants, the hosts of a tenant (docs/policy.md). */
export const policyDocument = z.strictObject({
  default: rules.optional(),
  hosts: byHost.optional(),
  tenants: z.record(z.string(), rules.extend({ hosts: byHost.optional() })).optional(),
});

export type PolicyDocument = z.output<typeof policyDocument>;

/** The rules where the operator sets none. */
export const DEFAULT_POLICY: Policy = {
  refs: { default_branch: "named", tags: true, delete_own: true },
  paths: [".github/workflows/**"],
  max_file_bytes: MAX_FILE_BYTES,
  max_push_bytes: MAX_PUSH_BYTES,
  max_files: MAX_FILES,
  secrets: "refuse",
  allow_secrets: true,
};

/** Returns every host that the document names, with its path in the document. */
export function hostsNamed({ hosts = {}, tenants = {} }: PolicyDocument): { host: string; path: string[] }[] {
  const of = (record: object, path: string[]) =>
    Object.keys(record).map((host) => ({ host, path: [...path, "hosts", host] }));
  return [
    ...of(hosts, []),
    ...Object.entries(tenants).flatMap(([tenant, own]) => of(own.hosts ?? {}, ["tenants", tenant])),
  ];
}

/** Merged rules of each tenant and host, because every operation needs them. */
const mergedByDocument = new WeakMap<PolicyDocument, Map<string, Policy>>();

/** Returns the rules for a tenant and a host (in the form of ALLOWED_GIT_HOSTS). A list replaces the list before it. */
export function policyOf(document: PolicyDocument, tenant: string, host: string): Policy {
  const known = mergedByDocument.get(document) ?? new Map<string, Policy>();
  mergedByDocument.set(document, known);
  // A host has no space, so the key is unique.
  const key = `${host} ${tenant}`;
  const policy = known.get(key) ?? mergedFor(document, tenant, host);
  known.set(key, policy);
  return policy;
}

function mergedFor({ default: all, hosts, tenants }: PolicyDocument, tenant: string, host: string): Policy {
  const own = member(tenants, tenant);
  const given = [all, member(hosts, host), own, member(own?.hosts, host)];
  return given.reduce<Policy>((policy, more) => (more ? merged(policy, more) : policy), DEFAULT_POLICY);
}

/** Returns a record's own member. The name may be a member of every object: `constructor`. */
function member<Value>(record: Readonly<Record<string, Value>> | undefined, name: string): Value | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}

function merged(policy: Policy, more: Rules): Policy {
  return policySchema.strip().parse({ ...policy, ...more, refs: { ...policy.refs, ...more.refs } });
}
