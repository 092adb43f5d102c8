const MINUTE_MS = 60_000;

/** A workspace used within this time is active: long enough for an agent that is thinking or waits for a person. */
const ACTIVE_WITHIN_MS = 10 * MINUTE_MS;
/**
 * Additional running time of an idle workspace. After it (40 minutes without use) the workspace is cold, and paused.
 */
const IDLE_KEEP_MS = 30 * MINUTE_MS;

/**
 * Returns when an unused workspace is paused. A longer limit for active workspaces would never apply: after ten minutes
 * without use every workspace is idle.
 * @param ttlMs the operator's limit, GIT_SANDBOX_TTL
 */
export function pauseAt(lastUsedAt: number, ttlMs: number): number {
  return lastUsedAt + Math.min(ACTIVE_WITHIN_MS + IDLE_KEEP_MS, ttlMs);
}

/** Returns when a running workspace becomes idle. */
export function idleFrom(lastUsedAt: number): number {
  return lastUsedAt + ACTIVE_WITHIN_MS;
}

/** Margin of E2B's timeout beyond the pool's, so that E2B acts only if the pool does not. */
const E2B_MARGIN_MS = 2 * MINUTE_MS;
/** How long before its end a sandbox in use is extended, so that E2B does not pause it during an operation. */
const EXTEND_BEFORE_MS = 5 * MINUTE_MS;
/** E2B's free plan rejects longer timeouts; a sandbox in use is extended before its end. */
const E2B_CAP_MS = 60 * MINUTE_MS;

/**
 * Whether E2B's end of a run leaves no room for another extension: the account's longest run is reached. The sandbox
 * then gets a new run by a pause and a resume, while there is time to wait for active operations.
 */
export function isLastOfRun(endsAt: number, now: number): boolean {
  return endsAt - now <= EXTEND_BEFORE_MS;
}

/** Returns the timeout to request from E2B, in whole seconds. */
export function e2bTimeoutS(ttlMs: number): number {
  return Math.ceil(Math.min(pauseAt(0, ttlMs) + E2B_MARGIN_MS, E2B_CAP_MS) / 1000);
}

/**
 * `renew`: E2B ended the run of a workspace that stays, as it ends every run after an hour or a day; resume it at once.
 */
export type KeptDue =
  | { readonly action: "pause" | "extend" | "renew" }
  | { readonly action: "wait"; readonly until: number };

/**
 * Returns the action due at `now` for a running workspace.
 * @param keepUntil from idle-timeout.ts; Infinity: it stays
 */
export function dueWhenKept({ keepUntil, endsAt }: { keepUntil: number; endsAt: number }, now: number): KeptDue {
  if (keepUntil === Infinity && now >= endsAt) return { action: "renew" };
  if (now >= keepUntil) return { action: "pause" };
  const extend = endsAt - EXTEND_BEFORE_MS;
  // Past `endsAt` E2B has paused it already: extending is impossible, and reconcile records the pause.
  if (extend < keepUntil && now < endsAt) {
    return now >= extend ? { action: "extend" } : { action: "wait", until: extend };
  }
  return { action: "wait", until: keepUntil };
}
