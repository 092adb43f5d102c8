import * as z from "zod/v4";
import { hostsNamed, policyDocument } from "../policy/policy.ts";
import { brokerHost } from "./egress.ts";
import {
  apiKey,
  hostEntry,
  identity,
  isOneOrEven,
  json,
  KEY_MISSING,
  leaseKey,
  list,
  origin,
  publicUrl,
  secret,
  signingKey,
  wholeNumber,
} from "./values.ts";

/** A large clone takes two to three minutes; five is the specified limit of one operation. */
const DEFAULT_OPERATION_TIMEOUT_S = 300;
const DEFAULT_MAX_RETRIES = 3;
const DEFAULT_TTL_S = 3600;
/** On its free plan E2B ends a run after this time, and rejects longer timeouts. */
const E2B_SESSION_CAP_S = 3600;

/** Each shard takes some 300 flushes a second; a scrape reads all of them. */
const MAX_METRICS_SHARDS = 32;

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

/** Limit of one isolate: enough for a fleet of agents, and their bodies still fit into the isolate's memory. */
const DEFAULT_OPERATIONS_PER_TENANT = 50;
/** Counts paused ones, which are kept for weeks. Stops a caller that invents a new task for every call. */
const DEFAULT_WORKSPACES_PER_TENANT = 10_000;

/** All settings as they are in the environment. */
export const settings = z
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
    SIGNING_KEY: z.string().default("").transform(list).pipe(z.array(signingKey)),
    PUBLIC_URL: publicUrl.optional(),
    SANDBOX_EGRESS: z.enum(["sealed", "open"]).optional(),
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
    GIT_USER_NAME: identity("Warmtree"),
    GIT_USER_EMAIL: identity("agent@warmtree.invalid"),
    E2B_MAX_SANDBOXES: wholeNumber(E2B_CONCURRENT_SANDBOXES, 1, 10_000),
    E2B_TEMPLATE_VCPUS: z.coerce.number().int().min(1).max(32).refine(isOneOrEven, "is neither 1 nor even").optional(),
    E2B_TEMPLATE_MEMORY_MIB: z.coerce.number().int().min(128).max(65_536).multipleOf(2, "is not even").optional(),
    E2B_MONTHLY_BUDGET_USD: z
      .string()
      .refine((text) => text === "none" || Number(text) > 0, "is neither a number above zero nor 'none'")
      .default(DEFAULT_BUDGET_USD),
    MAX_OPERATIONS_PER_TENANT: wholeNumber(DEFAULT_OPERATIONS_PER_TENANT, 1, 10_000),
    MAX_WORKSPACES_PER_TENANT: wholeNumber(DEFAULT_WORKSPACES_PER_TENANT, 1, 1_000_000),
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
  .refine(
    ({ SIGNING_KEY, LEASE_KEY, CREDENTIALS }) =>
      SIGNING_KEY.length === 0 || (LEASE_KEY.length > 0 && CREDENTIALS !== "env"),
    {
      path: ["SIGNING_KEY"],
      message: "needs the broker: set LEASE_KEY (`npm run key -- --lease`), and not CREDENTIALS to env",
    },
  )
  .refine((s) => s.SANDBOX_EGRESS !== "sealed" || brokerHost(s) !== undefined, {
    path: ["SANDBOX_EGRESS"],
    message:
      "is sealed, which needs the broker at a known address: set LEASE_KEY and PUBLIC_URL (with a name, on port 443), and not CREDENTIALS=env; or set open",
  })
  .superRefine(({ POLICY, ALLOWED_GIT_HOSTS }, context) => {
    for (const { host, path } of hostsNamed(POLICY)) {
      if (ALLOWED_GIT_HOSTS.includes(host)) continue;
      context.addIssue({ code: "custom", path: ["POLICY", ...path], message: "is not in ALLOWED_GIT_HOSTS" });
    }
  });

/** Names of all settings. */
export const SETTINGS: readonly string[] = Object.keys(settings.shape);

/** Settings that must never be shown. API_KEYS is not among them: it holds digests. */
export const SECRET_SETTINGS = [
  "E2B_API_KEY",
  "GITHUB_TOKEN",
  "LEASE_KEY",
  "METRICS_KEY",
  "OPERATOR_KEY",
  "SIGNING_KEY",
] as const satisfies readonly (keyof z.input<typeof settings>)[];

/** Returns the secrets in an environment. A setting may hold several keys. */
export function secretsIn(env: object): string[] {
  const all: Readonly<Record<string, unknown>> = { ...env };
  const own = SECRET_SETTINGS.map((name) => all[name]).filter((value) => typeof value === "string");
  return [...own, ...own.flatMap((value) => list(value))];
}
