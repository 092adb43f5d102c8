import * as z from "zod/v4";

/** Number of remembered durations: a day under light use, minutes under heavy use. */
const REMEMBERED = 32;
const SHARE = 0.95;
/** A start slower than the usual one by this factor is more likely lost than slow. */
const FACTOR = 5;
/**
 * Lower bound: thirty times E2B's usual start. A new deployment has no measurements, and a template or snapshot that is
 * new to a machine takes seconds.
 */
const SHORTEST_MS = 15_000;
/** Upper bound: E2B abandons a start after 70 s, and src/e2b/api.ts its call after 75 s. */
const LONGEST_MS = 75_000;

const startsSchema = z
  .object({ version: z.literal(1), tookMs: z.array(z.number().nonnegative()).readonly() })
  .readonly();

/** Durations of the newest starts and resumes, oldest first. Plain JSON. */
export type Starts = z.infer<typeof startsSchema>;

/** Restores stored durations. Returns none if they are unreadable or of another version. */
export function restoreStarts(stored: unknown): Starts {
  const parsed = startsSchema.safeParse(stored);
  return parsed.success ? parsed.data : { version: 1, tookMs: [] };
}

/** Observes the duration of a start or resume, even if no caller waited for its end. */
export function observeStart({ tookMs }: Starts, newestMs: number): Starts {
  return { version: 1, tookMs: [...tookMs, newestMs].slice(-REMEMBERED) };
}

/** Returns how long callers wait for a sandbox, in milliseconds, before they are told to call again. */
export function startWaitMs({ tookMs }: Starts): number {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const usualMs = sorted[Math.ceil(SHARE * sorted.length) - 1] ?? 0;
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, FACTOR * usualMs));
}
