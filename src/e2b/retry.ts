import { E2bError } from "./error.ts";
import type { E2bErrorCode } from "./error.ts";

/** Clock and random numbers, which tests replace. */
export interface RetryClock {
  nowMs(): number;
  sleep(delayMs: number): Promise<void>;
  /** In [0, 1). */
  random(): number;
}

interface RetryOptions {
  /** Whether a repeated call has no further effect. */
  idempotent: boolean;
  /** Whether to repeat only tries that may have had an effect, because the call itself repeats the others. */
  begunOnly?: boolean;
  /** Time limit of all tries and the waits between them. */
  deadlineMs: number;
}

const MAX_TRIES = 4;
const BASE_DELAY_MS = 200;
const MAX_DELAY_MS = 5_000;
/** Longest Retry-After to wait for. Above it, the caller gets an error that says how long to wait. */
const MAX_RETRY_AFTER_MS = 20_000;
const TRANSIENT: ReadonlySet<E2bErrorCode> = new Set(["rate_limited", "unavailable", "timeout", "stream_broken"]);

const realClock: RetryClock = {
  nowMs: () => Date.now(),
  sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
  random: () => Math.random(),
};

/**
 * Calls `attempt` until it succeeds, fails for good, or the next wait would pass the deadline; then throws its last
 * error. `attempt` gets the time left, to limit its own call. A call that is not idempotent is repeated only if the
 * error proves that the last try had no effect (`started` false).
 */
export async function withRetries<T>(
  attempt: (remainingMs: number) => Promise<T>,
  options: RetryOptions,
  clock: RetryClock = realClock,
): Promise<T> {
  const endMs = clock.nowMs() + options.deadlineMs;
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(endMs - clock.nowMs());
    } catch (error) {
      if (tries === MAX_TRIES || !mayRetry(error, options)) throw error;
      const delayMs = retryDelayMs(tries, error.retryAfterS, clock.random());
      if (delayMs === undefined || clock.nowMs() + delayMs >= endMs) throw error;
      await clock.sleep(delayMs);
    }
  }
}

/**
 * Returns the wait after the `tries`-th failure: exponential back-off with full jitter, on top of Retry-After if there
 * is one, so that callers with the same Retry-After do not come back together. Undefined if the wait is too long.
 */
export function retryDelayMs(tries: number, retryAfterS: number | undefined, random: number): number | undefined {
  const jitterMs = random * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** (tries - 1));
  const askedMs = (retryAfterS ?? 0) * 1000;
  return askedMs > MAX_RETRY_AFTER_MS ? undefined : askedMs + jitterMs;
}

function mayRetry(error: unknown, { idempotent, begunOnly = false }: RetryOptions): error is E2bError {
  if (!(error instanceof E2bError)) return false;
  return (error.retryAdvised ?? TRANSIENT.has(error.code)) && (error.started ? idempotent : !begunOnly);
}
