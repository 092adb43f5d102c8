const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Wait after each failed attempt, as Standard Webhooks recommends: three days in total, a weekend and its Monday. */
const WAITS_MS = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
] as const;

/** Random share of the wait, so that deliveries that failed together are not retried together. */
const JITTER = 0.1;
/** Upper bound of Retry-After. */
const LONGEST_RETRY_AFTER_MS = DAY_MS;

/** How long deliveries are listed after their end. */
export const DELIVERED_KEPT_MS = 7 * DAY_MS;
export const DEAD_KEPT_MS = 30 * DAY_MS;

/** Result of an attempt; status undefined: no response. */
export interface Attempt {
  readonly status?: number;
  readonly reason: string;
  /** Wait that the receiver requests (Retry-After). */
  readonly retryAfterMs?: number;
}

export type Verdict =
  | { readonly state: "delivered" }
  | { readonly state: "pending"; readonly waitMs: number }
  /** `gone`: the receiver answered 410, so its endpoint is removed too. */
  | { readonly state: "dead"; readonly gone: boolean };

/**
 * Decides on a delivery after an attempt.
 * @param tries number of attempts so far, including this one
 * @param random in [0, 1)
 */
export function verdictOn({ status, retryAfterMs: asked = 0 }: Attempt, tries: number, random: number): Verdict {
  if (status !== undefined && status >= 200 && status < 300) return { state: "delivered" };
  if (status === 410) return { state: "dead", gone: true };
  const waitMs = WAITS_MS[tries - 1];
  if (waitMs === undefined) return { state: "dead", gone: false };
  const askedMs = Math.min(asked, LONGEST_RETRY_AFTER_MS);
  return { state: "pending", waitMs: Math.max(waitMs, askedMs) + Math.round(random * JITTER * waitMs) };
}

/** Reads Retry-After (RFC 9110, 10.2.3): seconds or a date. Undefined: absent, or neither. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * SECOND_MS;
  const at = /^[A-Z][a-z]{2}, /.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
