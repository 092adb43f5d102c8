import * as z from "zod/v4";
import { type State, STATES } from "../pool/reconcile.ts";
import { BUILD_RESULTS, CORRECTIONS, LOSSES, MOVES, PERIODS, SAVES, TIERS } from "./catalogue.ts";

type Counts<Keys extends readonly string[]> = Readonly<Record<Keys[number], number>>;

/** Counters of a pool shard since its creation. */
export interface PoolCounts {
  /** Transitions attempted at E2B, and their failures. */
  readonly moves: Counts<typeof MOVES>;
  readonly moveFailures: Counts<typeof MOVES>;
  /** Corrections by reconcile. */
  readonly corrections: Counts<typeof CORRECTIONS>;
  /** Workspaces that E2B lost, or whose newest files it lost. */
  readonly losses: Counts<typeof LOSSES>;
  /** Attempts to save unpushed work before a drop. */
  readonly saves: Counts<typeof SAVES>;
  /** Results of template builds; reported to one shard. */
  readonly templateBuilds: Counts<typeof BUILD_RESULTS>;
}

/** State of a pool shard. Times are Unix milliseconds, 0 for none. */
export interface ShardState {
  /** `gone` counts only sandboxes whose end E2B has not confirmed. */
  readonly sandboxes: Readonly<Record<State, number>>;
  /** Workspaces that are not gone. */
  readonly workspaces: Counts<typeof TIERS>;
  /** Paused workspaces with unpushed work, or with unknown content. */
  readonly unpushed: number;
  /** Paused workspaces that are listed with the time of their drop. */
  readonly announced: number;
  /** Target number of warm sandboxes; the actual number is `sandboxes.warm`. */
  readonly poolTarget: number;
  /** Running sandboxes, which cost money. */
  readonly running: number;
  /** When E2B's timeout stops the last of them, if the pool does not act before. */
  readonly runningUntil: number;
  /** Counter: running time of sandboxes in seconds, running ones included. */
  readonly ranSeconds: number;
  /** Total price of the running sandboxes. */
  readonly usdPerSecond: number;
  /** Cost so far in the hour, the day and the month (UTC). */
  readonly spentUsd: Counts<typeof PERIODS>;
  /** This shard's part of the monthly budget; 0: unlimited. */
  readonly budgetUsd: number;
  /** Template version of new sandboxes; 0: not built by Warmtree. */
  readonly templateVersion: number;
  readonly templateBuiltAt: number;
  /** Number of repository snapshots. */
  readonly snapshots: number;
  readonly oldestSnapshotAt: number;
}

/** Report of a shard. Absolute numbers: the newest sample is complete, and a lost one loses nothing. */
export interface PoolSample extends PoolCounts, ShardState {
  readonly shard: number;
  /** Grows with every sample of the shard: a duplicate or late sample changes nothing. */
  readonly sequence: number;
  /** Time of the sample. */
  readonly at: number;
}

const number = z.number().nonnegative();
const counts = <const Keys extends readonly string[]>(keys: Keys) => z.record(z.enum(keys), number);

/** Stored samples may come from an earlier version, so a field added later needs a default. */
export const poolSampleSchema: z.ZodType<PoolSample> = z.object({
  shard: z.int().nonnegative(),
  sequence: z.int().nonnegative(),
  at: number,
  sandboxes: counts(STATES),
  workspaces: counts(TIERS),
  unpushed: number.default(0),
  announced: number.default(0),
  poolTarget: number,
  moves: counts(MOVES),
  moveFailures: counts(MOVES),
  corrections: counts(CORRECTIONS),
  losses: counts(LOSSES).default({ vanished: 0, rolled_back: 0 }),
  saves: counts(SAVES).default({ saved: 0, failed: 0 }),
  templateBuilds: counts(BUILD_RESULTS).default({ promoted: 0, failed: 0 }),
  running: number,
  runningUntil: number,
  ranSeconds: number,
  usdPerSecond: number,
  spentUsd: counts(PERIODS),
  budgetUsd: number,
  templateVersion: number,
  templateBuiltAt: number,
  snapshots: number,
  oldestSnapshotAt: number,
});
