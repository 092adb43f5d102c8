import type { Worth } from "./price.ts";

/** Nothing beats a start from a snapshot that is up to date: E2B makes the sandbox (0.45 s), git finds nothing new (0.3 s). */
const QUICKEST_S = 0.75;
/** Around the maker's clone: its start, E2B's snapshot and the kill. */
const MAKER_OVERHEAD_S = 10;
/** A repository that is worth a snapshot moves about daily; one that moves less is refreshed less. */
const MAKES_PER_DAY = 1;

/** The fetch on top may take this share of a full clone; then a new snapshot is made. */
const STALE_SHARE = 0.1;
/** Below this a fetch is round trips and no history: a newer snapshot would not make it quicker. */
const ROUND_TRIPS_S = 0.5;

/** E2B has promised paused sandboxes 30 days, and a snapshot that old has a month of history to fetch. */
export const SNAPSHOT_KEPT_MS = 30 * 24 * 3_600_000;

/** What was seen of a repository's clones. */
export interface CloneDemand {
  readonly clonesPerDay: number;
  /** Of a full clone without a snapshot. */
  readonly fullCloneS: number;
}

/**
 * Whether a repository is worth a snapshot: the waiting that it saves a day against what its upkeep costs,
 * clonesPerDay × (fullClone − 0.75 s) × V > 1 × (fullClone + 10 s) × rent.
 */
export function isWorthSnapshot({ clonesPerDay, fullCloneS }: CloneDemand, worth: Worth): boolean {
  const savedUsd = clonesPerDay * Math.max(0, fullCloneS - QUICKEST_S) * worth.waitUsdPerS;
  const upkeepUsd = MAKES_PER_DAY * (fullCloneS + MAKER_OVERHEAD_S) * worth.rentUsdPerS;
  return savedUsd > upkeepUsd;
}

/** Whether so much is fetched on top of a snapshot that it should be made anew. */
export function isStale(fetchS: number, fullCloneS: number): boolean {
  return fetchS > Math.max(ROUND_TRIPS_S, STALE_SHARE * fullCloneS);
}

export interface KeptSnapshot {
  readonly id: string;
  /** When a sandbox was last started from it, or it was made. */
  readonly lastUsedAt: number;
  readonly starts: number;
  readonly fullCloneS: number;
}

/** Which one goes when there is no room for all: the largest age / ((1 + starts) × (0.5 s + clone)). */
export function leastWorth(snapshots: readonly KeptSnapshot[], now: number): string | undefined {
  const price = ({ lastUsedAt, starts, fullCloneS }: KeptSnapshot) =>
    (now - lastUsedAt) / ((1 + starts) * (0.5 + fullCloneS));
  return snapshots.toSorted((a, b) => price(b) - price(a))[0]?.id;
}
