/** One push in the line for a branch, in the order of arrival. */
export interface Place {
  /** Calls that wait for its turn. */
  readonly waiting: number;
  readonly hasTurn: boolean;
  /** Unix milliseconds since when nobody waits for it and it has no turn. */
  readonly leftAt?: number | undefined;
}

/** A client that was answered, or broke off, calls again within this time, and finds its place. */
const PLACE_KEPT_MS = 60_000;
/** Taken for the length of a push while none has been seen: a large one over a slow link. */
const PUSH_MS = 5_000;
/** A wait shorter than that would be a refusal. */
const LEAST_WAIT_MS = 1_000;
/** A client that stays away longer may lose its place. */
const MAX_RETRY_AFTER_S = PLACE_KEPT_MS / 2_000;

/** First come, first served; who has gone is passed over. Undefined: somebody has the turn, or nobody waits. */
export function nextOf<P extends Place>(line: readonly P[]): P | undefined {
  return line.some(({ hasTurn }) => hasTurn) ? undefined : line.find(({ waiting }) => waiting > 0);
}

/** How many pushes come before this one. */
export function countBefore(line: readonly Place[], place: Place): number {
  return line.slice(0, line.indexOf(place)).filter(({ waiting, hasTurn }) => waiting > 0 || hasTurn).length;
}

/** Whether nobody came back for it in time. */
export const isGivenUp = ({ leftAt }: Place, now: number): boolean =>
  leftAt !== undefined && now >= leftAt + PLACE_KEPT_MS;

/** Milliseconds that a push may wait, so that it still ends in the time of an operation. */
export const longestWaitMs = (operationTimeoutMs: number, pushMs = PUSH_MS): number =>
  Math.max(LEAST_WAIT_MS, operationTimeoutMs - pushMs);

/** Seconds after which the turn will have come, or nearly. */
export const retryAfterS = (before: number, pushMs = PUSH_MS): number =>
  Math.min(MAX_RETRY_AFTER_S, Math.max(1, Math.ceil((before * pushMs) / 1000)));
