import { NoAnswerError, WarmtreeError } from "./errors.ts";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;
/** Beyond it, the caller decides: the error has the time. */
const LONGEST_RETRY_AFTER_S = 60;
/** Calls that were refused together do not come back together. */
const SPREAD_MS = 250;
/** What gateways answer while what they stand for does not. */
const GATEWAY_STATUSES = [429, 502, 503, 504];

/**
 * Milliseconds until a failed call is sent again; undefined: it is not.
 * @param tries how often it was sent before this failure was met, from 0
 * @param repeatable whether sending it twice does what sending it once does
 */
export function waitBefore(error: unknown, tries: number, repeatable: boolean): number | undefined {
  if (error instanceof NoAnswerError) {
    const passes = error.status === undefined || GATEWAY_STATUSES.includes(error.status);
    return repeatable && passes ? backoff(tries) : undefined;
  }
  if (!(error instanceof WarmtreeError) || !error.retryable) return undefined;
  if (!repeatable && !leftUntouched(error)) return undefined;
  const { retryAfter } = error;
  if (retryAfter === undefined) return backoff(tries);
  return retryAfter <= LONGEST_RETRY_AFTER_S ? retryAfter * 1000 + Math.random() * SPREAD_MS : undefined;
}

/** Whether the error itself says that nothing was done, so that the call is as good as unsent. */
function leftUntouched({ work }: WarmtreeError): boolean {
  return work !== undefined && work.committed === undefined && work.pushed === false && work.tree === "unchanged";
}

/** Milliseconds: twice as long after each try, and never the same. */
export const backoff = (tries: number): number =>
  Math.min(FIRST_WAIT_MS * 2 ** tries, LONGEST_WAIT_MS) * (0.5 + Math.random() / 2);

/** Rejects with the signal's reason as soon as it says stop. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      // The reason is whatever the caller gave.
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
