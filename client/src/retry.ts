import { NoAnswerError, WarmtreeError } from "./errors.ts";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;
/** After a longer Retry-After, the call fails, and the caller decides: the error has the time. */
const LONGEST_RETRY_AFTER_S = 60;
/** Added at random, so that calls refused together are not sent again together. */
const SPREAD_MS = 250;
/** Statuses of a gateway whose service does not answer. */
const GATEWAY_STATUSES = [429, 502, 503, 504];

/**
 * Returns the milliseconds until a failed call is sent again, or undefined if it is not sent again.
 * @param tries number of earlier retries, from 0
 * @param repeatable whether sending the call twice has the effect of sending it once
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

/** Whether the error says that nothing was done, so that the call can be sent again. */
function leftUntouched({ work }: WarmtreeError): boolean {
  return work !== undefined && work.committed === undefined && work.pushed === false && work.tree === "unchanged";
}

/** Returns milliseconds that double after each try, with random variation. */
export const backoff = (tries: number): number =>
  Math.min(FIRST_WAIT_MS * 2 ** tries, LONGEST_WAIT_MS) * (0.5 + Math.random() / 2);

/** Resolves after `ms`. Rejects with the signal's reason when the signal aborts. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      // The caller chooses the reason, which need not be an Error.
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
