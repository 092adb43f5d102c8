import type { Worth } from "./price.ts";

/** Fastest clone: E2B starts a sandbox from an up-to-date snapshot (0.45 s), git finds nothing new (0.3 s). */
const QUICKEST_S = 0.75;
/** Overhead of a build besides its clone: the builder sandbox's start, E2B's snapshot and the kill. */
const MAKER_OVERHEAD_S = 10;
/**
 * Assumed builds per day: a repository worth a snapshot changes about daily. One that changes less is rebuilt less.
 */
const MAKES_PER_DAY = 1;

/** Share of a full clone that the fetch on top of a snapshot may take before a rebuild. */
const STALE_SHARE = 0.1;
/** Below this duration a fetch consists of round trips: a newer snapshot would not shorten it. */
const ROUND_TRIPS_S = 0.5;

/** E2B promised 30 days for paused sandboxes, and an older snapshot lacks a month of history. */
export const SNAPSHOT_KEPT_MS = 30 * 24 * 3_600_000;

/** Observed clones of a repository. */
export interface CloneDemand {
  readonly clonesPerDay: number;
  /** Duration of a full clone without a snapshot. */
  readonly fullCloneS: number;
}

/**
 * Whether a repository is worth a snapshot: the waiting time saved per day exceeds the upkeep, clonesPerDay ×
 * (fullClone − 0.75 s) × V > 1 × (fullClone + 10 s) × rent.
 */
export function isWorthSnapshot({ clonesPerDay, fullCloneS }: CloneDemand, worth: Worth): boolean {
  const savedUsd = clonesPerDay * Math.max(0, fullCloneS - QUICKEST_S) * worth.waitUsdPerS;
  const upkeepUsd = MAKES_PER_DAY * (fullCloneS + MAKER_OVERHEAD_S) * worth.rentUsdPerS;
  return savedUsd > upkeepUsd;
}

/** Whether the fetch on top of a snapshot is long enough to rebuild the snapshot. */
export function isStale(fetchS: number, fullCloneS: number): boolean {
  return fetchS > Math.max(ROUND_TRIPS_S, STALE_SHARE * fullCloneS);
}

export interface KeptSnapshot {
  readonly id: string;
  /** When a sandbox last started from it, or else when it was made. */
  readonly lastUsedAt: number;
  readonly starts: number;
  readonly fullCloneS: number;
}

/** Returns the snapshot to evict: the largest age / ((1 + starts) × (0.5 s + clone)). */
export function leastWorth(snapshots: readonly KeptSnapshot[], now: number): string | undefined {
  const price = ({ lastUsedAt, starts, fullCloneS }: KeptSnapshot) =>
    (now - lastUsedAt) / ((1 + starts) * (0.5 + fullCloneS));
  return snapshots.toSorted((a, b) => price(b) - price(a))[0]?.id;
}
