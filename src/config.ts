import * as z from "zod/v4";
import type { E2bConfig } from "./e2b/config.ts";
import { BUILT_SIZE, DEFAULT_SIZE, DEFAULT_WAIT_USD_PER_S, type SandboxSize, usdPerSecond } from "./pool/price.ts";
import { hostsNamed, policyDocument, type PolicyDocument } from "./policy/policy.ts";
import { issueWords } from "./issue-words.ts";
import type { SnapshotMode } from "./e2b/snapshots.ts";
import type { DefinitionName } from "./pool/template.ts";

/** A large clone takes two to three minutes; five is the specified limit of one operation. */
const DEFAULT_OPERATION_TIMEOUT_S = 300;
const DEFAULT_MAX_RETRIES = 3;
const DEFAULT_TTL_S = 3600;
/** On its free plan E2B ends a run after this time, and rejects longer timeouts. */
const E2B_SESSION_CAP_S = 3600;

/** Random keys of this length cannot be guessed. */
const MIN_SECRET_LENGTH = 16;
/** Each shard takes some 300 flushes a second; a scrape reads all of them. */
const MAX_METRICS_SHARDS = 32;

/** E2B's own template, available to every account. */
const BASE_TEMPLATE = "base";
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** Limit of E2B's free plan. */
const E2B_CONCURRENT_SANDBOXES = 20;
const DEFAULT_POOL_MIN = 2;
const DEFAULT_POOL_MAX = 10;

/** 340 hours of a sandbox of the built size. Somebody who tries the service should not be surprised by a bill. */
const DEFAULT_BUDGET_USD = "20";

/** Web applications that speak MCP for their users. */
const WEB_CLIENTS = "https://claude.ai,https://claude.com,https://chatgpt.com";

/** Enough for the important ones of a team's repositories in a month. E2B documents no limit. */
const DEFAULT_SNAPSHOT_MAX = 50;

const wholeNumber = (fallback: number, min: number, max: number) =>
  z.coerce.number().int().min(min).max(max).default(fallback);

/** A bearer token. */
const secret = z
  .string()
  .min(MIN_SECRET_LENGTH, `has fewer than ${MIN_SECRET_LENGTH} characters`)
  .regex(/^[\x21-\x7e]{0,512}$/, "is not up to 512 printable ASCII characters without spaces")
  .optional();

const hostEntry = z
  .string()
  .regex(
    /^(?:[a-z0-9.-]+(?::\d{1,5})?|http:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):\d{1,5})$/,
    "is a host name (https), or http://127.0.0.1:port",
  );

const origin = z
  .string()
  .refine((text) => URL.parse(text)?.origin === text, "is an origin, such as https://app.example, without a path");

const list = (text: string) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

const apiKey = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}=[0-9a-f]{64}$/, "is tenant=<sha256 of the key, in hex>")
  .transform((entry) => {
    const at = entry.indexOf("=");
    return { tenant: entry.slice(0, at), sha256: entry.slice(at + 1) };
  });

const KEY_MISSING = "is required: get one at e2b.dev, then `wrangler secret put E2B_API_KEY`";

const KEY_BYTES = 32;

const leaseKey = z.string().transform((text, context) => {
  const bytes = /^[A-Za-z0-9+/]{43}=?$/.test(text)
    ? Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0))
    : undefined;
  if (bytes?.byteLength === KEY_BYTES) return bytes;
  context.addIssue({ code: "custom", message: "is not 32 bytes in base64: `npm run key -- --lease` makes it" });
  return z.NEVER;
});

/** Leases are secrets on the way, so only this machine does without https. */
const publicUrl = origin.refine(
  (text) => text.startsWith("https://") || LOOPBACK.test(URL.parse(text)?.hostname ?? ""),
  "is not https",
);

/** A text, or the object that wrangler makes of a table in `[vars]`. */
const json = z.unknown().transform((given, context) => {
  if (typeof given !== "string") return given;
  try {
    return z.unknown().parse(JSON.parse(given === "" ? "{}" : given));
  } catch {
    context.addIssue({ code: "custom", message: "is not JSON" });
    return z.NEVER;
  }
});

/** E2B accepts no other processor counts. */
const isOneOrEven = (count: number) => count === 1 || count % 2 === 0;

const schema = z
  .object({
    E2B_API_KEY: z.string({ error: KEY_MISSING }).min(1, KEY_MISSING),
    E2B_DOMAIN: z.string().min(1).default("e2b.app"),
    E2B_API_URL: z.url().optional(),
    E2B_SANDBOX_URL: z.url().optional(),
    E2B_TEMPLATE: z.string().min(1).optional(),
    E2B_TEMPLATE_DEFINITION: z.enum(["debian", "host"]).optional(),
    TEMPLATE_BUILDS: z.enum(["weekly", "asked"]).default("weekly"),
    LOOPBACK_ACCESS: z.enum(["keyed", "open"]).default("keyed"),
    API_KEYS: z.string().default("").transform(list).pipe(z.array(apiKey)),
    ALLOWED_ORIGINS: z.string().default(WEB_CLIENTS).transform(list).pipe(z.array(origin)),
    CREDENTIALS: z.enum(["broker", "env"]).optional(),
    LEASE_KEY: z.string().default("").transform(list).pipe(z.array(leaseKey)),
    PUBLIC_URL: publicUrl.optional(),
    GITHUB_TOKEN: z.string().min(1).optional(),
    ALLOWED_GIT_HOSTS: z.string().default("github.com").transform(list).pipe(z.array(hostEntry).min(1)),
    GIT_SANDBOX_TIMEOUT: wholeNumber(DEFAULT_OPERATION_TIMEOUT_S, 10, 900),
    GIT_SANDBOX_MAX_RETRIES: wholeNumber(DEFAULT_MAX_RETRIES, 0, 10),
    GIT_SANDBOX_TTL: wholeNumber(DEFAULT_TTL_S, 60, E2B_SESSION_CAP_S),
    POLICY: json.default({}).pipe(policyDocument),
    DEFAULT_BRANCH: z.enum(["named", "open"]).default("named"),
    AGENT_BRANCH_PREFIX: z
      .string()
      .max(64)
      .regex(
        /^(?!(?:refs|origin)(?:\/|$))[A-Za-z0-9_][A-Za-z0-9_-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_-]*)*$/,
        "is not words of letters, digits, '_' and '-', separated by '/' (and not refs or origin)",
      )
      .default("agent"),
    GIT_USER_NAME: z.string().min(1).default("Warmtree"),
    GIT_USER_EMAIL: z.string().min(3).default("agent@warmtree.invalid"),
    E2B_MAX_SANDBOXES: wholeNumber(E2B_CONCURRENT_SANDBOXES, 1, 10_000),
    E2B_TEMPLATE_VCPUS: z.coerce.number().int().min(1).max(32).refine(isOneOrEven, "is neither 1 nor even").optional(),
    E2B_TEMPLATE_MEMORY_MIB: z.coerce.number().int().min(128).max(65_536).multipleOf(2, "is not even").optional(),
    E2B_MONTHLY_BUDGET_USD: z
      .string()
      .refine((text) => text === "none" || Number(text) > 0, "is neither a number above zero nor 'none'")
      .default(DEFAULT_BUDGET_USD),
    KEEP_POLICY: z.enum(["tiers", "learned"]).default("tiers"),
    POOL_MIN: wholeNumber(DEFAULT_POOL_MIN, 0, 100),
    POOL_MAX: wholeNumber(DEFAULT_POOL_MAX, 0, 100),
    POOL_SHARDS: wholeNumber(1, 1, 1024),
    METRICS_KEY: secret,
    OPERATOR_KEY: secret,
    SNAPSHOT_MAX: wholeNumber(DEFAULT_SNAPSHOT_MAX, 0, 10_000),
    SNAPSHOT_POLICY: z.enum(["auto", "asked"]).default("auto"),
    SNAPSHOT_MODE: z.enum(["filesystem", "full"]).default("filesystem"),
    METRICS_SHARDS: wholeNumber(1, 0, MAX_METRICS_SHARDS),
  })
  .refine(({ POOL_MIN, POOL_MAX }) => POOL_MIN <= POOL_MAX, { path: ["POOL_MAX"], message: "is below POOL_MIN" })
  .refine(({ CREDENTIALS, LEASE_KEY }) => CREDENTIALS !== "broker" || LEASE_KEY.length > 0, {
    path: ["CREDENTIALS"],
    message: "is broker, which needs LEASE_KEY: `npm run key -- --lease` makes one",
  })
  .superRefine(({ POLICY, ALLOWED_GIT_HOSTS }, context) => {
    for (const { host, path } of hostsNamed(POLICY)) {
      if (ALLOWED_GIT_HOSTS.includes(host)) continue;
      context.addIssue({ code: "custom", path: ["POLICY", ...path], message: "is not in ALLOWED_GIT_HOSTS" });
    }
  });

/** Names of all settings. */
export const SETTINGS: readonly string[] = Object.keys(schema.shape);

/** Settings that must never be shown. API_KEYS is not among them: it holds digests. */
export const SECRET_SETTINGS = [
  "E2B_API_KEY",
  "GITHUB_TOKEN",
  "LEASE_KEY",
  "METRICS_KEY",
  "OPERATOR_KEY",
] as const satisfies readonly (keyof z.input<typeof schema>)[];

/** All settings, parsed once per isolate. */
export interface Config {
  readonly e2b: E2bConfig;
  /** Template of new sandboxes until a version that Warmtree built is promoted. */
  readonly template: string;
  /** Definition to build; undefined: none, because the operator named a template. */
  readonly builds: DefinitionName | undefined;
  /** `asked`: the cron starts no build. */
  readonly templateBuilds: "weekly" | "asked";
  /** Size of the template that is built, or of the one that the operator named. */
  readonly size: SandboxSize;
  readonly apiKeys: readonly { readonly tenant: string; readonly sha256: string }[];
  /** Whether loopback requests are accepted while no key is set. */
  readonly loopbackAccess: "keyed" | "open";
  /** Origins whose pages may call this service. */
  readonly allowedOrigins: readonly string[];
  readonly githubToken: string | undefined;
  readonly allowedGitHosts: readonly string[];
  /** How credentials reach git; undefined: by the broker where that is possible. */
  readonly credentials: "broker" | "env" | undefined;
  /** The first seals leases, each opens them; none: there is no broker. */
  readonly leaseKeys: readonly Uint8Array[];
  /** Origin at which sandboxes reach this service. */
  readonly publicUrl: string | undefined;
  readonly operationTimeoutS: number;
  readonly maxRetries: number;
  /** Rules for what leaves, by tenant and git host. */
  readonly policy: PolicyDocument;
  readonly unusedTtlS: number;
  readonly author: { readonly name: string; readonly email: string };
  /** Prefix of agent branches, before agent and task. */
  readonly agentBranchPrefix: string;
  readonly poolShards: number;
  /** Scraper's key; undefined: only loopback is served, where that is open. */
  readonly metricsKey: string | undefined;
  /** Key of the dashboard and its API; undefined: only loopback is served, where that is open. */
  readonly operatorKey: string | undefined;
  /** 0 disables recording. */
  readonly metricsShards: number;
  /** Warm sandboxes, of all shards together. */
  readonly pool: { readonly min: number; readonly max: number };
  /** Limit of running sandboxes, of all shards together. */
  readonly maxSandboxes: number;
  /** Repository snapshots, of all shards together; 0 disables them. */
  readonly maxSnapshots: number;
  /** `asked`: snapshots are made on request only. */
  readonly snapshotPolicy: "auto" | "asked";
  /** Whether a repository snapshot includes the sandbox's memory. */
  readonly snapshotMode: SnapshotMode;
  readonly keepPolicy: "tiers" | "learned";
  /** Value of one second of an agent's waiting time. */
  readonly waitUsdPerS: number;
  /** Undefined: none (`none`). */
  readonly monthlyBudgetUsd: number | undefined;
}

export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Parses the settings in the Worker's environment.
 * @throws ConfigError with the name of each invalid setting, never its value
 */
export function parseConfig(env: object): Config {
  const parsed = schema.safeParse(env, { error: issueWords });
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${placeOf(issue.path)} ${issue.message}`);
    throw new ConfigError(`Settings are wrong: ${lines.join("; ")}`);
  }
  const s = parsed.data;
  const apiUrl = s.E2B_API_URL ?? `https://api.${s.E2B_DOMAIN}`;
  const defaultSize = s.E2B_TEMPLATE === undefined ? BUILT_SIZE : DEFAULT_SIZE;
  return {
    e2b: {
      apiKey: s.E2B_API_KEY,
      apiUrl,
      sandboxUrl: s.E2B_SANDBOX_URL,
      domain: s.E2B_DOMAIN,
    },
    template: s.E2B_TEMPLATE ?? BASE_TEMPLATE,
    builds: s.E2B_TEMPLATE === undefined ? (s.E2B_TEMPLATE_DEFINITION ?? definitionFor(apiUrl)) : undefined,
    templateBuilds: s.TEMPLATE_BUILDS,
    size: {
      vcpus: s.E2B_TEMPLATE_VCPUS ?? defaultSize.vcpus,
      memoryMib: s.E2B_TEMPLATE_MEMORY_MIB ?? defaultSize.memoryMib,
    },
    apiKeys: s.API_KEYS,
    loopbackAccess: s.LOOPBACK_ACCESS,
    allowedOrigins: s.ALLOWED_ORIGINS,
    githubToken: s.GITHUB_TOKEN,
    allowedGitHosts: s.ALLOWED_GIT_HOSTS,
    credentials: s.CREDENTIALS,
    leaseKeys: s.LEASE_KEY,
    publicUrl: s.PUBLIC_URL,
    operationTimeoutS: s.GIT_SANDBOX_TIMEOUT,
    maxRetries: s.GIT_SANDBOX_MAX_RETRIES,
    policy: withDefaultBranch(s.POLICY, s.DEFAULT_BRANCH),
    unusedTtlS: s.GIT_SANDBOX_TTL,
    author: { name: s.GIT_USER_NAME, email: s.GIT_USER_EMAIL },
    agentBranchPrefix: s.AGENT_BRANCH_PREFIX,
    poolShards: s.POOL_SHARDS,
    pool: { min: s.POOL_MIN, max: s.POOL_MAX },
    maxSandboxes: s.E2B_MAX_SANDBOXES,
    maxSnapshots: s.SNAPSHOT_MAX,
    snapshotPolicy: s.SNAPSHOT_POLICY,
    snapshotMode: s.SNAPSHOT_MODE,
    keepPolicy: s.KEEP_POLICY,
    waitUsdPerS: DEFAULT_WAIT_USD_PER_S,
    monthlyBudgetUsd: s.E2B_MONTHLY_BUDGET_USD === "none" ? undefined : Number(s.E2B_MONTHLY_BUDGET_USD),
    metricsKey: s.METRICS_KEY,
    operatorKey: s.OPERATOR_KEY,
    metricsShards: s.METRICS_SHARDS,
  };
}

/** Of a setting with members, also the member. */
function placeOf([setting, ...members]: readonly PropertyKey[]): string {
  if (setting !== "POLICY") return setting?.toString() ?? "settings";
  return [setting, ...members].map(String).join(".");
}

/** DEFAULT_BRANCH is the default of the same rule in POLICY. */
function withDefaultBranch({ default: all, ...others }: PolicyDocument, word: "named" | "open"): PolicyDocument {
  return { ...others, default: { ...all, refs: { default_branch: word, ...all?.refs } } };
}

/**
 * Returns the price in USD per second of a sandbox started from `template`. Sandboxes started from snapshots have the
 * built size.
 */
export function rentUsdPerS({ builds, size }: Config, template: string): number {
  return usdPerSecond(builds !== undefined && template === BASE_TEMPLATE ? DEFAULT_SIZE : size);
}

/**
 * Selects the definition. An E2B on this machine is a sandbox host that shares the machine's programs: installing would
 * change the machine.
 */
function definitionFor(apiUrl: string): DefinitionName {
  return LOOPBACK.test(new URL(apiUrl).hostname) ? "host" : "debian";
}

const parsedByEnv = new WeakMap<object, Config>();

/**
 * Returns the settings of this isolate. `env` is the same object for every request, so parsing happens once.
 * @throws ConfigError
 */
export function configOf(env: object): Config {
  const known = parsedByEnv.get(env);
  if (known) return known;
  const config = parseConfig(env);
  parsedByEnv.set(env, config);
  return config;
}
