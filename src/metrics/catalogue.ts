// An import attribute, because plain Node also runs this file (npm run bench:metrics).
import manifest from "../../package.json" with { type: "json" };
import type { ErrorType } from "../errors.ts";
import { type Correction, STATES } from "../pool/reconcile.ts";
import { SOURCES } from "../pool/sources.ts";

/** Operations with their own series; all others are `other`. */
export const OPERATIONS = ["clone", "status", "diff", "pull", "push", "other"] as const;
/** In seconds: a status takes milliseconds; the longest operation is stopped after GIT_SANDBOX_TIMEOUT (300). */
export const DURATION_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300] as const;
export const TIERS = ["top", "active", "idle", "cold"] as const;
export const ERROR_TYPES = ["auth", "conflict", "network", "other"] as const satisfies readonly ErrorType[];
export const MOVES = ["start", "resume", "pause", "kill", "snapshot"] as const;
export const PERIODS = ["hour", "day", "month"] as const;
export const BUILD_RESULTS = ["promoted", "failed"] as const;
export const LOSSES = ["vanished", "rolled_back"] as const;
export const CORRECTIONS = [
  "adopt",
  "kill",
  "note_paused",
  "discard",
  "pause",
  "verify",
] as const satisfies readonly Correction["action"][];

/**
 * A metric family. `from` names the source of its values. `worker`: counted by the Worker (recorder.ts). `object`:
 * counted by the Metrics object. `pool`: reported by the pool shards as absolute numbers (pool-sample.ts). `build`:
 * constant.
 */
export interface Family {
  readonly type: "counter" | "gauge" | "histogram" | "info";
  readonly from: "worker" | "object" | "pool" | "build";
  readonly help: string;
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

/** All series, whatever the traffic: a name, and for each label the closed set of its values. */
export const CATALOGUE = {
  git_operations_total: {
    type: "counter",
    from: "worker",
    help: "Operations that were started, and how they ended. An isolate that dies loses what it counted since its last flush, at most a second of a working service.",
    labels: { operation: OPERATIONS, status: ["started", "success", "failure"] },
  },
  git_operation_errors_total: {
    type: "counter",
    from: "worker",
    help: "Operations that failed, by what they failed of; other includes requests that were not valid.",
    labels: { operation: OPERATIONS, error_type: ERROR_TYPES },
  },
  git_operation_duration_seconds: {
    type: "histogram",
    from: "worker",
    help: "Time from the request's input to the result, of operations that succeeded.",
    labels: { operation: OPERATIONS },
  },
  warmtree_claims_total: {
    type: "counter",
    from: "worker",
    help: "Sandboxes taken for operations, by where they came from. Cache hits are live and paused, misses the rest.",
    labels: { source: SOURCES },
  },
  warmtree_sandboxes: {
    type: "gauge",
    from: "pool",
    help: "Sandboxes by state. gone: ended, and E2B has yet to confirm it.",
    labels: { state: STATES },
  },
  warmtree_workspaces: {
    type: "gauge",
    from: "pool",
    help: "Workspaces by tier; those of tier cold are paused.",
    labels: { tier: TIERS },
  },
  warmtree_workspaces_unpushed: {
    type: "gauge",
    from: "pool",
    help: "Paused workspaces that hold work which no remote has, or of which nobody knows.",
    labels: {},
  },
  warmtree_workspaces_announced: {
    type: "gauge",
    from: "pool",
    help: "Paused workspaces that are listed with a time at which they are dropped for good.",
    labels: {},
  },
  warmtree_pool_target: {
    type: "gauge",
    from: "pool",
    help: "Warm sandboxes that the pool wants to have.",
    labels: {},
  },
  warmtree_pool_size: {
    type: "gauge",
    from: "pool",
    help: "Warm sandboxes that the pool has.",
    labels: {},
  },
  warmtree_sandbox_moves_total: {
    type: "counter",
    from: "pool",
    help: "Starts, resumes, pauses and kills of sandboxes, and snapshots of them, that were tried.",
    labels: { move: MOVES },
  },
  warmtree_sandbox_move_failures_total: {
    type: "counter",
    from: "pool",
    help: "Those of warmtree_sandbox_moves_total that failed.",
    labels: { move: MOVES },
  },
  warmtree_reconcile_corrections_total: {
    type: "counter",
    from: "pool",
    help: "Differences between the pool's rows and E2B's list that were mended. adopt and kill are sandboxes that no row knew.",
    labels: { action: CORRECTIONS },
  },
  warmtree_workspaces_lost_total: {
    type: "counter",
    from: "pool",
    help: "Workspaces that E2B lost: vanished, or rolled back to an older state of their files by a resume.",
    labels: { how: LOSSES },
  },
  warmtree_template_version: {
    type: "gauge",
    from: "pool",
    help: "Version of the template that sandboxes start from; 0: one that Warmtree did not build.",
    labels: {},
  },
  warmtree_template_built_timestamp_seconds: {
    type: "gauge",
    from: "pool",
    help: "When that template was built, in Unix time; 0: not known.",
    labels: {},
  },
  warmtree_template_builds_total: {
    type: "counter",
    from: "pool",
    help: "Builds of the template that ended. After one that failed, sandboxes go on starting from the version before.",
    labels: { result: BUILD_RESULTS },
  },
  warmtree_repository_snapshots: {
    type: "gauge",
    from: "pool",
    help: "Repository snapshots that are kept.",
    labels: {},
  },
  warmtree_repository_snapshot_oldest_timestamp_seconds: {
    type: "gauge",
    from: "pool",
    help: "When the oldest of them was made, in Unix time; 0: there is none.",
    labels: {},
  },
  sandbox_hours_total: {
    type: "counter",
    from: "pool",
    help: "Hours that sandboxes ran, all together; paused ones do not run.",
    labels: {},
  },
  warmtree_spend_usd: {
    type: "gauge",
    from: "pool",
    help: "What sandboxes cost so far in this hour, day and month (UTC), at the template's price.",
    labels: { period: PERIODS },
  },
  warmtree_budget_usd: {
    type: "gauge",
    from: "pool",
    help: "What they may cost in a month; 0: no limit is set.",
    labels: {},
  },
  warmtree_metrics_flushes_total: {
    type: "counter",
    from: "object",
    help: "Batches of counts that arrived, each counted once.",
    labels: {},
  },
  warmtree_metrics_flush_failures_total: {
    type: "counter",
    from: "worker",
    help: "Flushes that got no answer. Their batches are sent again and counted once.",
    labels: {},
  },
  warmtree_metrics_flushes_lost_total: {
    type: "counter",
    from: "worker",
    help: "Batches that were given up after minutes of failing; what they counted is in no other series.",
    labels: {},
  },
  warmtree_build_info: {
    type: "info",
    from: "build",
    help: "The version that serves.",
    labels: { version: [manifest.version] },
  },
} as const satisfies Readonly<Record<string, Family>>;

export type Catalogue = typeof CATALOGUE;
export type FamilyName = keyof Catalogue;
