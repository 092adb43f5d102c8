export const RUN_STATUSES = ["queued", "running", "canceling", "done", "failed", "canceled"] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];
type StepStatus = "not_begun" | "running" | "waiting" | "done" | "failed";

/** The caller of a run, besides its tenant. */
export interface RunCaller {
  readonly key?: string;
  readonly requestId?: string;
  /** Origin of the request's URL. */
  readonly calledAt?: string;
}

/** An operation's result as it is stored. */
export interface KeptResult {
  /** JSON. */
  readonly result: string;
  /** Whether the result was too large, so that only its short members are stored. */
  readonly isCut?: boolean;
}

/** The workspace of a run's first clone. */
export interface RunAbout {
  /** In the form of the list of workspaces. */
  readonly repository: string;
  readonly agent_id?: string;
  readonly task_id?: string;
}

/** A run to start. */
export interface NewRun {
  readonly run: string;
  readonly tenant: string;
  /** JSON of the request. */
  readonly input: string;
  readonly ops: readonly string[];
  /** Items of `for_each`; absent: the run has none. */
  readonly items?: readonly Readonly<Record<string, string>>[];
  readonly about?: RunAbout;
  readonly seed: string;
  readonly sealed?: string;
  readonly caller: RunCaller;
  readonly webhook?: string;
  /** Steps that were completed before, with their results. */
  readonly done?: readonly ({ readonly step: number } & KeptResult)[];
}

/** The data that a Workflow instance needs to execute a run. */
export interface StoredRun {
  readonly tenant: string;
  readonly input: string;
  readonly seed: string;
  readonly sealed?: string;
  readonly caller: RunCaller;
}

/** An instance's report of a step. */
export interface StepReport extends Partial<KeptResult> {
  readonly step: number;
  /** not_begun: the instance meant to begin the step, and did not. */
  readonly status: StepStatus;
  /** JSON. */
  readonly error?: string;
  readonly retryAt?: number;
}

/** A step's row. */
export type StepRow = {
  item: number;
  step: number;
  status: StepStatus;
  tries: number;
  attempt: number;
  began_at: number;
  ended_at: number | null;
  retry_at: number | null;
  result: string | null;
  is_cut: number;
  error: string | null;
};

/** A row of `run`; see tables.ts. A type, not an interface: SqlStorage requires an index signature. */
export type RunRow = {
  run: string;
  tenant: string;
  status: RunStatus;
  ops: string;
  items: number | null;
  about: string | null;
  generation: number;
  attempt: number;
  lease_until: number | null;
  stalls: number;
  seed: string;
  sealed: string | null;
  caller: string;
  webhook: string | null;
  error: string | null;
  bytes: number;
  steps_done: number;
  steps_failed: number;
  steps_running: number;
  items_done: number;
  items_failed: number;
  items_running: number;
  created_at: number;
  began_at: number | null;
  ended_at: number | null;
  delete_at: number | null;
};

/** Number of items, or of steps, by state. */
export interface Counts {
  readonly done: number;
  readonly failed: number;
  readonly running: number;
}

/** The owner's view of a run, without its steps. */
export interface RunView {
  readonly run: string;
  readonly tenant: string;
  readonly status: RunStatus;
  readonly ops: readonly string[];
  readonly items?: number;
  readonly about?: RunAbout;
  readonly createdAt: number;
  readonly beganAt?: number;
  readonly endedAt?: number;
  readonly keptUntil?: number;
  /** JSON. */
  readonly error?: string;
  readonly steps: Counts;
  /** Items of `for_each`. An item is failed if one of its steps is, and done if all are. */
  readonly itemCounts?: Counts;
}

export interface EventView {
  readonly id: number;
  readonly at: number;
  readonly status: string;
  readonly item?: number;
  readonly step?: number;
  readonly op?: string;
  readonly result?: string;
  readonly error?: string;
  readonly retryAt?: number;
}

export interface EventPage {
  readonly events: readonly EventView[];
  readonly hasItems: boolean;
  readonly ended: boolean;
}

/** The last run of a page; the next page starts after it. */
export interface RunPageEnd {
  readonly createdAt: number;
  readonly run: string;
}

/** Whether a run has ended. */
export const hasEnded = (status: RunStatus): boolean =>
  status === "done" || status === "failed" || status === "canceled";
