// An import attribute, because plain Node also runs this file (npm run bench:metrics).
import manifest from "../../package.json" with { type: "json" };
import type { ErrorType } from "../errors.ts";
import { type Correction, STATES } from "../pool/reconcile.ts";
import { SOURCES } from "../pool/sources.ts";
import { SIDES } from "./sides.ts";

/** Operations with their own series; all others are `other`. */
export const OPERATIONS = ["clone", "status", "diff", "pull", "push", "other"] as const;
/** Bucket bounds in seconds: a status takes milliseconds; GIT_SANDBOX_TIMEOUT (300) stops the longest operation. */
export const DURATION_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300] as const;
export const TIERS = ["top", "active", "idle", "cold"] as const;
export const ERROR_TYPES = ["auth", "conflict", "network", "other"] as const satisfies readonly ErrorType[];
export const MOVES = ["start", "resume", "pause", "kill", "snapshot"] as const;
export const PERIODS = ["hour", "day", "month"] as const;
export const BUILD_RESULTS = ["promoted", "failed"] as const;
export const LOSSES = ["vanished", "rolled_back"] as const;
export const SAVES = ["saved", "failed"] as const;
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

/** All series, independent of the traffic: a name, and for each label the closed set of its values. */
export const CATALOGUE = {
  git_operations_total: {
    type: "counter",
    from: "worker",
    help: "Git operations by status: started, success or failure. If an isolate dies, the counts since its last flush are lost, at most one second of a working service.",
    labels: { operation: OPERATIONS, status: ["started", "success", "failure"] },
  },
  git_operation_errors_total: {
    type: "counter",
    from: "worker",
    help: "Failed git operations by type of error. other includes invalid requests.",
    labels: { operation: OPERATIONS, error_type: ERROR_TYPES },
  },
  warmtree_failures_total: {
    type: "counter",
    from: "worker",
    help: "Failed git operations by the side that has to act: caller, git_host or service.",
    labels: { operation: OPERATIONS, side: SIDES },
  },
  git_operation_duration_seconds: {
    type: "histogram",
    from: "worker",
    help: "Duration of successful git operations, from the request's input to the result.",
    labels: { operation: OPERATIONS },
  },
  warmtree_claims_total: {
    type: "counter",
    from: "worker",
    help: "Sandboxes taken for operations, by source. live and paused are cache hits, the others misses.",
    labels: { source: SOURCES },
  },
  warmtree_sandboxes: {
    type: "gauge",
    from: "pool",
    help: "Sandboxes by state. gone: ended, but not yet confirmed by E2B.",
    labels: { state: STATES },
  },
  warmtree_workspaces: {
    type: "gauge",
    from: "pool",
    help: "Workspaces by tier. Workspaces of tier cold are paused.",
    labels: { tier: TIERS },
  },
  warmtree_workspaces_unpushed: {
    type: "gauge",
    from: "pool",
    help: "Paused workspaces with unpushed work, or for which this is not known.",
    labels: {},
  },
  warmtree_workspaces_announced: {
    type: "gauge",
    from: "pool",
    help: "Paused workspaces whose end has been announced.",
    labels: {},
  },
  warmtree_pool_target: {
    type: "gauge",
    from: "pool",
    help: "Target number of warm sandboxes.",
    labels: {},
  },
  warmtree_pool_size: {
    type: "gauge",
    from: "pool",
    help: "Number of warm sandboxes.",
    labels: {},
  },
  warmtree_sandbox_moves_total: {
    type: "counter",
    from: "pool",
    help: "Attempted sandbox transitions: start, resume, pause, kill and snapshot.",
    labels: { move: MOVES },
  },
  warmtree_sandbox_move_failures_total: {
    type: "counter",
    from: "pool",
    help: "Failed sandbox transitions: start, resume, pause, kill and snapshot.",
    labels: { move: MOVES },
  },
  warmtree_reconcile_corrections_total: {
    type: "counter",
    from: "pool",
    help: "Corrections of differences between the pool's rows and E2B's list. adopt and kill: sandboxes whose E2B id was in no row.",
    labels: { action: CORRECTIONS },
  },
  warmtree_workspaces_lost_total: {
    type: "counter",
    from: "pool",
    help: "Workspaces lost by E2B. vanished: E2B no longer has the sandbox. rolled_back: a resume restored an older state of its files.",
    labels: { how: LOSSES },
  },
  warmtree_work_saves_total: {
    type: "counter",
    from: "pool",
    help: "Tries to save the unpushed work of a workspace before it is dropped. failed: the workspace is kept, and saved later, for a week at most.",
    labels: { result: SAVES },
  },
  warmtree_template_version: {
    type: "gauge",
    from: "pool",
    help: "Version of the template that sandboxes start from. 0: a template that Warmtree did not build.",
    labels: {},
  },
  warmtree_template_built_timestamp_seconds: {
    type: "gauge",
    from: "pool",
    help: "Unix time at which that template was built. 0: not known.",
    labels: {},
  },
  warmtree_template_builds_total: {
    type: "counter",
    from: "pool",
    help: "Finished template builds by result. After a failed build, sandboxes start from the previous version.",
    labels: { result: BUILD_RESULTS },
  },
  warmtree_repository_snapshots: {
    type: "gauge",
    from: "pool",
    help: "Number of repository snapshots.",
    labels: {},
  },
  warmtree_repository_snapshot_oldest_timestamp_seconds: {
    type: "gauge",
    from: "pool",
    help: "Unix time at which the oldest repository snapshot was made. 0: there is none.",
    labels: {},
  },
  sandbox_hours_total: {
    type: "counter",
    from: "pool",
    help: "Total running time of all sandboxes, in hours. Paused sandboxes do not run.",
    labels: {},
  },
  warmtree_spend_usd: {
    type: "gauge",
    from: "pool",
    help: "Sandbox costs in the current hour, day and month (UTC), at the template's price.",
    labels: { period: PERIODS },
  },
  warmtree_budget_usd: {
    type: "gauge",
    from: "pool",
    help: "Monthly sandbox budget in USD. 0: unlimited.",
    labels: {},
  },
  warmtree_metrics_flushes_total: {
    type: "counter",
    from: "object",
    help: "Batches of counts that the Metrics object received. A repeated batch counts once.",
    labels: {},
  },
  warmtree_metrics_flush_failures_total: {
    type: "counter",
    from: "worker",
    help: "Flushes without an answer. Their batches are sent again and counted once.",
    labels: {},
  },
  warmtree_metrics_flushes_lost_total: {
    type: "counter",
    from: "worker",
    help: "Batches given up after minutes of failed flushes. Their counts are in no other series.",
    labels: {},
  },
  warmtree_build_info: {
    type: "info",
    from: "build",
    help: "Version of the running Worker.",
    labels: { version: [manifest.version] },
  },
} as const satisfies Readonly<Record<string, Family>>;

export type Catalogue = typeof CATALOGUE;
export type FamilyName = keyof Catalogue;
