import * as z from "zod/v4";
import { ewma } from "./average.ts";
import { addGap, BINS, cheapestKeepMs, NO_GAPS } from "./gaps.ts";
import type { Worth } from "./price.ts";

/** Initial estimate: E2B states about a second. Measured resumes adjust it. */
const FIRST_RESUME_S = 1;
/** E2B bills a sandbox while it is being paused: 4 s per GiB of memory; the default has half a GiB. */
export const PAUSE_S = 2;
/** Below this number of gaps, a sandbox runs for the cost of its pause and resume (at most twice the optimum). */
const WARM_UP_GAPS = 20;
/** Interval between updates: a stable result, and no cost on most operations. */
const RELEARN_EVERY_GAPS = 64;
/**
 * Bounds of the result, as a share of the break-even time, against histograms of unusual days. The lower one is a few
 * seconds, about the duration of a pause: where agents return after minutes or hours, a longer idle time is waste.
 */
const LEAST_OF_BREAK_EVEN = 0.02;
const MOST_OF_BREAK_EVEN = 4;

const weight = z.number().nonnegative();
const learnedSchema = z
  .object({
    version: z.literal(1),
    weights: z.array(weight).length(BINS).readonly(),
    increment: weight,
    /** Number of gaps observed since the beginning. */
    seen: z.int().nonnegative(),
    resumeS: weight,
    /** How long an idle workspace runs before it is paused. */
    keepMs: weight,
  })
  .readonly();

/** State of `KEEP_POLICY=learned`. Plain JSON; losing some of it costs a little money and no work. */
export type Learned = z.infer<typeof learnedSchema>;

/** Returns the cost of one pause and resume, waiting included, as running time. */
export function breakEvenMs(resumeS: number, { waitUsdPerS, rentUsdPerS }: Worth): number {
  const usd = (waitUsdPerS + rentUsdPerS) * resumeS + rentUsdPerS * PAUSE_S;
  return (usd / rentUsdPerS) * 1000;
}

/** Returns the state before any observation: the break-even time as idle time. */
export function nothingLearned(worth: Worth): Learned {
  const keepMs = breakEvenMs(FIRST_RESUME_S, worth);
  return { version: 1, ...NO_GAPS, seen: 0, resumeS: FIRST_RESUME_S, keepMs };
}

/** Restores stored state. Returns a fresh start if the stored one is unreadable or of another version. */
export function restoreLearned(stored: unknown, worth: Worth): Learned {
  const parsed = learnedSchema.safeParse(stored);
  return parsed.success ? parsed.data : nothingLearned(worth);
}

/** Observes the idle time before a use. Not for a session that announced its end: no idle time was granted to it. */
export function observeGap(learned: Learned, gapMs: number, worth: Worth): Learned {
  const { weights, increment } = addGap(learned, gapMs);
  const { version, resumeS, keepMs } = learned;
  const next = { version, weights, increment, seen: learned.seen + 1, resumeS, keepMs };
  const isDue = next.seen === WARM_UP_GAPS || next.seen % RELEARN_EVERY_GAPS === 0;
  return isDue ? relearn(next, worth) : next;
}

/** Observes the duration of a resume. */
export function observeResume(learned: Learned, seconds: number): Learned {
  return { ...learned, resumeS: ewma(learned.resumeS, seconds) };
}

/** Recomputes `keepMs` from all observations. Call it when the value of waiting changed. */
export function relearn(learned: Learned, worth: Worth): Learned {
  const breakEven = breakEvenMs(learned.resumeS, worth);
  const cheapest = learned.seen < WARM_UP_GAPS ? breakEven : cheapestKeepMs(learned, breakEven);
  const keepMs = Math.min(Math.max(cheapest, LEAST_OF_BREAK_EVEN * breakEven), MOST_OF_BREAK_EVEN * breakEven);
  return { ...learned, keepMs };
}
