import * as z from "zod/v4";

/** Number of repositories whose workspace keeps running. */
export const TOP_COUNT = 10;
/** Half-life of a use: a repository that is no longer used leaves the top within days. */
const HALF_LIFE_MS = 24 * 3_600_000;

const topSchema = z
  .object({
    version: z.literal(1),
    /** Best first. */
    entries: z
      .array(z.object({ repository: z.string(), score: z.number() }).readonly())
      .max(TOP_COUNT)
      .readonly(),
  })
  .readonly();

/** Score of a repository that was never used: far below the score of any recent use. */
export const NO_SCORE = 0;

/** The most used repositories. Plain JSON. */
export type Top = z.infer<typeof topSchema>;

export const NO_TOP: Top = { version: 1, entries: [] };

/** Restores a stored top. Returns an empty one if it is unreadable or of another version. */
export function restoreTop(stored: unknown): Top {
  const parsed = topSchema.safeParse(stored);
  return parsed.success ? parsed.data : NO_TOP;
}

/**
 * Returns a repository's decayed count of uses after one more at `now`, as log2 of Σ 2^(time of use / half-life). Decay
 * applies the same factor to all repositories, so the score omits it: it changes only on a use, and still orders
 * repositories by their decayed counts.
 * @param score from the last use; undefined for the first
 */
export function scoreAfterUse(score: number | undefined, now: number): number {
  const use = now / HALF_LIFE_MS;
  if (score === undefined) return use;
  return Math.max(score, use) + Math.log2(1 + 2 ** -Math.abs(score - use));
}

/** Returns uses per day from a score: one use a day forever has a decayed count of 1 / ln 2. */
export function usesPerDay(score: number, now: number): number {
  return 2 ** (score - now / HALF_LIFE_MS) * Math.LN2;
}

/** Returns the top after a use of `repository` that set its score to `score`. Only uses change the top. */
export function placeInTop(top: Top, repository: string, score: number): Top {
  const last = top.entries[TOP_COUNT - 1];
  // A repository in the top never falls below its own old score.
  if (last && score < last.score) return top;
  const others = top.entries.filter((entry) => entry.repository !== repository);
  const place = others.findIndex((entry) => entry.score < score);
  const entries = others.toSpliced(place === -1 ? others.length : place, 0, { repository, score });
  return { version: 1, entries: entries.slice(0, TOP_COUNT) };
}
