import type { E2bConfig } from "./e2b/config.ts";
import { BUILT_SIZE, DEFAULT_SIZE, DEFAULT_WAIT_USD_PER_S, type SandboxSize, usdPerSecond } from "./pool/price.ts";
import type { PolicyDocument } from "./policy/policy.ts";
import { issueWords } from "./issue-words.ts";
import type { SnapshotMode } from "./e2b/snapshots.ts";
import type { DefinitionName } from "./pool/template.ts";
import { brokerHost } from "./settings/egress.ts";
import { keepOutOfEvents } from "./redaction/log-line.ts";
import { secretsIn, settings } from "./settings/settings.ts";
import { LOOPBACK } from "./settings/values.ts";

/** E2B's own template, available to every account. */
const BASE_TEMPLATE = "base";

/** All settings, parsed once per isolate. */
export interface Config {
  readonly e2b: E2bConfig;
  /** Template of new sandboxes until a version that Warmtree built is promoted. */
  readonly template: string;
  /** Definition to build; undefined: none, because the operator named a template. */
  readonly builds: DefinitionName | undefined;
  /** `asked`: the cron starts no build. */
  readonly templateBuilds: "weekly" | "asked";
  /** Size of the template, built or named by the operator. */
  readonly size: SandboxSize;
  readonly apiKeys: readonly { readonly tenant: string; readonly sha256: string }[];
  /** Whether loopback requests are accepted while no key is set. */
  readonly loopbackAccess: "keyed" | "open";
  /** Origins whose pages may call this service. */
  readonly allowedOrigins: readonly string[];
  readonly githubToken: string | undefined;
  readonly allowedGitHosts: readonly string[];
  /** How credentials reach git; undefined: by the broker if possible. */
  readonly credentials: "broker" | "env" | undefined;
  /** The first key seals leases, every key opens them; none: there is no broker. */
  readonly leaseKeys: readonly Uint8Array[];
  /** The first key signs commits, every key is accepted in a push; none: commits are not signed. */
  readonly signingKeys: readonly Uint8Array<ArrayBuffer>[];
  /** Origin at which sandboxes reach this service. */
  readonly publicUrl: string | undefined;
  /** The only host that sandboxes may connect to; undefined: any. */
  readonly sealedTo: string | undefined;
  readonly operationTimeoutS: number;
  readonly maxRetries: number;
  /** Rules for pushes, by tenant and git host. */
  readonly policy: PolicyDocument;
  readonly unusedTtlS: number;
  readonly author: { readonly name: string; readonly email: string };
  /** Prefix of agent branches, before agent and task. */
  readonly agentBranchPrefix: string;
  readonly poolShards: number;
  /** Scraper's key; undefined: only loopback requests are served, if LOOPBACK_ACCESS is open. */
  readonly metricsKey: string | undefined;
  /** Key of the dashboard and its API; undefined: only loopback requests are served, if LOOPBACK_ACCESS is open. */
  readonly operatorKey: string | undefined;
  /** 0 disables recording. */
  readonly metricsShards: number;
  /** Warm sandboxes, of all shards together. */
  readonly pool: { readonly min: number; readonly max: number };
  /** Limit of running sandboxes, of all shards together. */
  readonly maxSandboxes: number;
  /** Operations of one tenant that run at once, in each isolate. */
  readonly maxOperationsPerTenant: number;
  /** Workspaces of one tenant, of all shards together. */
  readonly maxWorkspacesPerTenant: number;
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
  const parsed = settings.safeParse(env, { error: issueWords });
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
    signingKeys: s.SIGNING_KEY,
    publicUrl: s.PUBLIC_URL,
    sealedTo: s.SANDBOX_EGRESS === "open" ? undefined : brokerHost(s),
    operationTimeoutS: s.GIT_SANDBOX_TIMEOUT,
    maxRetries: s.GIT_SANDBOX_MAX_RETRIES,
    policy: withDefaultBranch(s.POLICY, s.DEFAULT_BRANCH),
    unusedTtlS: s.GIT_SANDBOX_TTL,
    author: { name: s.GIT_USER_NAME, email: s.GIT_USER_EMAIL },
    agentBranchPrefix: s.AGENT_BRANCH_PREFIX,
    poolShards: s.POOL_SHARDS,
    pool: { min: s.POOL_MIN, max: s.POOL_MAX },
    maxSandboxes: s.E2B_MAX_SANDBOXES,
    maxOperationsPerTenant: s.MAX_OPERATIONS_PER_TENANT,
    maxWorkspacesPerTenant: s.MAX_WORKSPACES_PER_TENANT,
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

/** Returns the name of a setting; in POLICY, with the path of the member. */
function placeOf([setting, ...members]: readonly PropertyKey[]): string {
  if (setting !== "POLICY") return setting?.toString() ?? "settings";
  return [setting, ...members].map(String).join(".");
}

/** Adds DEFAULT_BRANCH as the default of the same rule in POLICY. */
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
  keepOutOfEvents(secretsIn(env));
  parsedByEnv.set(env, config);
  return config;
}
