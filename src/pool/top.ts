import * as z from "zod/v4";

/** The plan's number of repositories that stay. */
export const TOP_COUNT = 10;
/** A use counts half after a day: what was busy yesterday and is not today leaves the top within days. */
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

/** Score of a repository that was never used: far below that of any use in our time. */
export const NO_SCORE = 0;

/** The most used repositories. Plain JSON. */
export type Top = z.infer<typeof topSchema>;

export const NO_TOP: Top = { version: 1, entries: [] };

/** What was stored, or an empty top where that is of another version or not readable. */
export function restoreTop(stored: unknown): Top {
  const parsed = topSchema.safeParse(stored);
  return parsed.success ? parsed.data : NO_TOP;
}

/**
 * A repository's decayed count of uses, after one more at `now`: log2 of Σ 2^(time of use / half-life). Decay is the same
 * factor for all at any time, so this number needs none: it only changes when its repository is used, and always orders
 * repositories by their decayed counts.
 * @param score from the last use; undefined for the first
 */
export function scoreAfterUse(score: number | undefined, now: number): number {
  const use = now / HALF_LIFE_MS;
  if (score === undefined) return use;
  return Math.max(score, use) + Math.log2(1 + 2 ** -Math.abs(score - use));
}

/** Uses a day, from a score: a decayed count of 1 / ln 2 is one a day for ever. */
export function usesPerDay(score: number, now: number): number {
  return 2 ** (score - now / HALF_LIFE_MS) * Math.LN2;
}

/** The top after a use of `repository` that left it with `score`. Only a use changes it. */
export function placeInTop(top: Top, repository: string, score: number): Top {
  const last = top.entries[TOP_COUNT - 1];
  // A repository of the top never falls below its own old score.
  if (last && score < last.score) return top;
  const others = top.entries.filter((entry) => entry.repository !== repository);
  const place = others.findIndex((entry) => entry.score < score);
  const entries = others.toSpliced(place === -1 ? others.length : place, 0, { repository, score });
  return { version: 1, entries: entries.slice(0, TOP_COUNT) };
}
