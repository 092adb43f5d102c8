import * as z from "zod/v4";
import { type State, STATES } from "../pool/reconcile.ts";
import { BUILD_RESULTS, CORRECTIONS, LOSSES, MOVES, PERIODS, TIERS } from "./catalogue.ts";

type Counts<Keys extends readonly string[]> = Readonly<Record<Keys[number], number>>;

/** What happened in a shard of the pool since it was made. */
export interface PoolCounts {
  /** What was tried with E2B, and what of it failed. */
  readonly moves: Counts<typeof MOVES>;
  readonly moveFailures: Counts<typeof MOVES>;
  /** What reconcile mended. */
  readonly corrections: Counts<typeof CORRECTIONS>;
  /** Workspaces that E2B lost, or whose newest files it lost. */
  readonly losses: Counts<typeof LOSSES>;
  /** How builds of the template ended; told to one shard. */
  readonly templateBuilds: Counts<typeof BUILD_RESULTS>;
}

/** How a shard of the pool stands. Times are Unix milliseconds, 0 for none. */
export interface PoolFacts {
  /** `gone` counts only sandboxes whose end E2B has not confirmed. */
  readonly sandboxes: Readonly<Record<State, number>>;
  /** Workspaces that are not gone. */
  readonly workspaces: Counts<typeof TIERS>;
  /** Paused ones with work that no remote has, or of which nobody knows. */
  readonly unpushed: number;
  /** Paused ones that are listed with the time at which they are dropped. */
  readonly announced: number;
  /** Warm sandboxes that the pool wants to have; how many it has is `sandboxes.warm`. */
  readonly poolTarget: number;
  /** Sandboxes that run, and so cost. */
  readonly running: number;
  /** When E2B's own timeout will have stopped the last of them, if nobody wakes before. */
  readonly runningUntil: number;
  /** Counter: seconds that sandboxes have run, those that still run included. */
  readonly ranSeconds: number;
  /** What the running ones cost together. */
  readonly usdPerSecond: number;
  /** Spent so far in the hour, the day and the month (UTC). */
  readonly spentUsd: Counts<typeof PERIODS>;
  /** This shard's part of the monthly budget; 0: no limit. */
  readonly budgetUsd: number;
  /** Of the template that new sandboxes start from; 0: Warmtree did not build it. */
  readonly templateVersion: number;
  readonly templateBuiltAt: number;
  /** Repository snapshots that are kept. */
  readonly snapshots: number;
  readonly oldestSnapshotAt: number;
}

/** What a shard reports: absolute numbers, so that the newest sample says everything and losing one loses nothing. */
export interface PoolSample extends PoolCounts, PoolFacts {
  readonly shard: number;
  /** Grows with every sample of the shard: one that comes twice, or late, changes nothing. */
  readonly sequence: number;
  /** When the facts were so. */
  readonly at: number;
}

const number = z.number().nonnegative();
const counts = <const Keys extends readonly string[]>(keys: Keys) => z.record(z.enum(keys), number);

/** Stored samples may be of an earlier version, so a field that is added later needs a default. */
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
