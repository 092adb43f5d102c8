/** One push in the queue of a branch, in the order of arrival. */
export interface Place {
  /** Number of calls that wait for its turn. */
  readonly waiting: number;
  readonly hasTurn: boolean;
  /** When its last call left, in Unix milliseconds. Absent: a call waits, or it has the turn. */
  readonly leftAt?: number | undefined;
}

/** How long a place is kept for a client that received `late` or disconnected. */
const PLACE_KEPT_MS = 60_000;
/** Assumed duration of a push until one is measured: a large push over a slow link. */
const PUSH_MS = 5_000;
/** Minimum wait: a shorter one would amount to a refusal. */
const LEAST_WAIT_MS = 1_000;
/** Half the time a place is kept: a client that returns later may lose it. */
const MAX_RETRY_AFTER_S = PLACE_KEPT_MS / 2_000;

/**
 * Returns the next push: first come, first served, skipping pushes without calls. Undefined while a push has the turn,
 * or if none waits.
 */
export function nextOf<P extends Place>(line: readonly P[]): P | undefined {
  return line.some(({ hasTurn }) => hasTurn) ? undefined : line.find(({ waiting }) => waiting > 0);
}

/** Counts the pushes ahead of this one. */
export function countBefore(line: readonly Place[], place: Place): number {
  return line.slice(0, line.indexOf(place)).filter(({ waiting, hasTurn }) => waiting > 0 || hasTurn).length;
}

/** Whether the place has expired. */
export const isGivenUp = ({ leftAt }: Place, now: number): boolean =>
  leftAt !== undefined && now >= leftAt + PLACE_KEPT_MS;

/** Returns how long a push may wait, in milliseconds, so that it still ends within the operation timeout. */
export const longestWaitMs = (operationTimeoutMs: number, pushMs = PUSH_MS): number =>
  Math.max(LEAST_WAIT_MS, operationTimeoutMs - pushMs);

/** Returns the seconds until the turn is likely to have come. */
export const retryAfterS = (before: number, pushMs = PUSH_MS): number =>
  Math.min(MAX_RETRY_AFTER_S, Math.max(1, Math.ceil((before * pushMs) / 1000)));
