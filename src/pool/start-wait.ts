import * as z from "zod/v4";

/** A day's worth where little is started, minutes where much is: what E2B was like of late. */
const REMEMBERED = 32;
const SHARE = 0.95;
/** Beyond what is usual by so much, a start has more likely been lost than it is slow. */
const FACTOR = 5;
/** Thirty times E2B's usual start: a new deployment knows none, and a template or snapshot that is new to a machine takes seconds. */
const SHORTEST_MS = 15_000;
/** E2B gives a start up at 70 s, and src/e2b/api.ts its call at 75 s. */
const LONGEST_MS = 75_000;

const startsSchema = z
  .object({ version: z.literal(1), tookMs: z.array(z.number().nonnegative()).readonly() })
  .readonly();

/** How long E2B took for the newest starts and resumes, oldest first. Plain JSON. */
export type Starts = z.infer<typeof startsSchema>;

/** What was stored, or none where that is of another version or not readable. */
export function restoreStarts(stored: unknown): Starts {
  const parsed = startsSchema.safeParse(stored);
  return parsed.success ? parsed.data : { version: 1, tookMs: [] };
}

/** A start or resume took this long, however long anybody waited for it. */
export function observeStart({ tookMs }: Starts, newestMs: number): Starts {
  return { version: 1, tookMs: [...tookMs, newestMs].slice(-REMEMBERED) };
}

/** Milliseconds after which whoever waits for a sandbox is better told that it may take longer. */
export function startWaitMs({ tookMs }: Starts): number {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const usualMs = sorted[Math.ceil(SHARE * sorted.length) - 1] ?? 0;
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, FACTOR * usualMs));
}
