const MINUTE_MS = 60_000;

/** Used within this long, a workspace is active; an agent that thinks, or waits for a person, comes back in it. */
const ACTIVE_WITHIN_MS = 10 * MINUTE_MS;
/** An idle workspace runs this much longer. After it (40 minutes without use) it is cold, and cold is paused. */
const IDLE_KEEP_MS = 30 * MINUTE_MS;

/**
 * When a workspace that nobody uses any more is paused. The plan's "active stays two hours" never ends first: after ten
 * minutes without use a workspace is idle, whatever it was before.
 * @param ttlMs the operator's bound, GIT_SANDBOX_TTL
 */
export function pauseAt(lastUsedAt: number, ttlMs: number): number {
  return lastUsedAt + Math.min(ACTIVE_WITHIN_MS + IDLE_KEEP_MS, ttlMs);
}

/** When a workspace that runs becomes idle. */
export function idleFrom(lastUsedAt: number): number {
  return lastUsedAt + ACTIVE_WITHIN_MS;
}

/** E2B's own timeout lies this far beyond ours, so that it acts only when the pool does not. */
const E2B_MARGIN_MS = 2 * MINUTE_MS;
/** A sandbox in use is given more time this long before E2B would pause it under an operation. */
const EXTEND_BEFORE_MS = 5 * MINUTE_MS;
/** E2B's free plan refuses longer timeouts; a sandbox that is used on is extended before it ends. */
const E2B_CAP_MS = 60 * MINUTE_MS;

/**
 * Whether the end of a run, as E2B gave it, is not worth another extension: the account's longest run is over then, and the
 * sandbox gets a new run by a pause and a resume, while there is time to wait for what is at work.
 */
export function isLastOfRun(endsAt: number, now: number): boolean {
  return endsAt - now <= EXTEND_BEFORE_MS;
}

/** The timeout to ask E2B for, in whole seconds. */
export function e2bTimeoutS(ttlMs: number): number {
  return Math.ceil(Math.min(pauseAt(0, ttlMs) + E2B_MARGIN_MS, E2B_CAP_MS) / 1000);
}

/** `renew`: E2B ended the run of a workspace that stays, as it ends every run after an hour or a day: resume it at once. */
export type KeptDue =
  | { readonly action: "pause" | "extend" | "renew" }
  | { readonly action: "wait"; readonly until: number };

/**
 * What a running workspace is due for at `now`.
 * @param keepUntil from keep.ts; Infinity: it stays
 */
export function dueWhenKept({ keepUntil, endsAt }: { keepUntil: number; endsAt: number }, now: number): KeptDue {
  if (keepUntil === Infinity && now >= endsAt) return { action: "renew" };
  if (now >= keepUntil) return { action: "pause" };
  const extend = endsAt - EXTEND_BEFORE_MS;
  // Past `endsAt` E2B has paused it already: there is nothing to extend, and reconcile will say so.
  if (extend < keepUntil && now < endsAt) {
    return now >= extend ? { action: "extend" } : { action: "wait", until: extend };
  }
  return { action: "wait", until: keepUntil };
}
