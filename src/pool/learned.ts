import * as z from "zod/v4";
import { ewma } from "./average.ts";
import { addGap, BINS, cheapestKeepMs, NO_GAPS } from "./gaps.ts";
import type { Worth } from "./price.ts";

/** E2B names about a second; measurements take over with the first resume. */
const FIRST_RESUME_S = 1;
/** E2B bills a sandbox while it is being paused: 4 s for each GiB of memory, and the default has half a GiB. */
export const PAUSE_S = 2;
/** Fewer gaps say little: until then a sandbox is kept for what its pause and resume cost (at most twice the optimum). */
const WARM_UP_GAPS = 20;
/** So that the answer does not flicker, and costs nothing on most operations. */
const RELEARN_EVERY_GAPS = 64;
/**
 * Of the break-even time; they bound what a histogram of an unusual day can do. The least is a few seconds, about what a
 * pause takes: where agents come back after minutes or hours, keeping longer than that is waste.
 */
const LEAST_OF_BREAK_EVEN = 0.02;
const MOST_OF_BREAK_EVEN = 4;

const weight = z.number().nonnegative();
const learnedSchema = z
  .object({
    version: z.literal(1),
    weights: z.array(weight).length(BINS).readonly(),
    increment: weight,
    /** Gaps seen, ever. */
    seen: z.int().nonnegative(),
    resumeS: weight,
    /** How long an idle workspace runs before it is paused. */
    keepMs: weight,
  })
  .readonly();

/** What `KEEP_POLICY=learned` knows. Plain JSON; losing some of it costs a little money and no work. */
export type Learned = z.infer<typeof learnedSchema>;

/** What one pause and resume costs, waiting included, as that much running time. */
export function breakEvenMs(resumeS: number, { waitUsdPerS, rentUsdPerS }: Worth): number {
  const usd = (waitUsdPerS + rentUsdPerS) * resumeS + rentUsdPerS * PAUSE_S;
  return (usd / rentUsdPerS) * 1000;
}

export function nothingLearned(worth: Worth): Learned {
  const keepMs = breakEvenMs(FIRST_RESUME_S, worth);
  return { version: 1, ...NO_GAPS, seen: 0, resumeS: FIRST_RESUME_S, keepMs };
}

/** What was stored, or a fresh start where that is of another version or not readable. */
export function restoreLearned(stored: unknown, worth: Worth): Learned {
  const parsed = learnedSchema.safeParse(stored);
  return parsed.success ? parsed.data : nothingLearned(worth);
}

/** A workspace was used again after this long. Not for one whose session had said that it ends: nothing was kept for it. */
export function observeGap(learned: Learned, gapMs: number, worth: Worth): Learned {
  const { weights, increment } = addGap(learned, gapMs);
  const { version, resumeS, keepMs } = learned;
  const next = { version, weights, increment, seen: learned.seen + 1, resumeS, keepMs };
  const isDue = next.seen === WARM_UP_GAPS || next.seen % RELEARN_EVERY_GAPS === 0;
  return isDue ? relearn(next, worth) : next;
}

/** A resume took this long. */
export function observeResume(learned: Learned, seconds: number): Learned {
  return { ...learned, resumeS: ewma(learned.resumeS, seconds) };
}

/** `keepMs` anew, from all that was seen; to be called when the worth of waiting changed. */
export function relearn(learned: Learned, worth: Worth): Learned {
  const breakEven = breakEvenMs(learned.resumeS, worth);
  const cheapest = learned.seen < WARM_UP_GAPS ? breakEven : cheapestKeepMs(learned, breakEven);
  const keepMs = Math.min(Math.max(cheapest, LEAST_OF_BREAK_EVEN * breakEven), MOST_OF_BREAK_EVEN * breakEven);
  return { ...learned, keepMs };
}
