import * as fc from "fast-check";
import { expect, test } from "vitest";
import { NO_TOP, placeInTop, restoreTop, scoreAfterUse, TOP_COUNT } from "../../src/pool/top.ts";

const DAY = 24 * 3_600_000;
const START = 1_800_000_000_000;

test("the top holds the repositories with the most uses, each use counting half after a day", () => {
  const uses = fc.array(fc.tuple(fc.integer({ min: 0, max: 25 }), fc.integer({ min: 0, max: DAY })), {
    maxLength: 150,
  });
  fc.assert(
    fc.property(uses, (list) => {
      const scores = new Map<string, number>();
      const history: { repository: string; at: number }[] = [];
      let top = NO_TOP;
      let now = START;
      for (const [number, gap] of list) {
        now += gap;
        const repository = `r${number}`;
        history.push({ repository, at: now });
        scores.set(repository, scoreAfterUse(scores.get(repository), now));
        top = placeInTop(top, repository, scores.get(repository) ?? 0);
      }
      const countOf = (repository: string): number =>
        history
          .filter((use) => use.repository === repository)
          .reduce((sum, { at }) => sum + 2 ** ((at - now) / DAY), 0);
      const counts = [...scores.keys()].map(countOf).toSorted((a, b) => b - a);
      expect(top.entries).toHaveLength(Math.min(TOP_COUNT, counts.length));
      for (const [place, { repository }] of top.entries.entries()) {
        expect(countOf(repository)).toBeCloseTo(counts[place] ?? 0, 6);
      }
    }),
  );
});

test("ten years of uses every second do not overflow a score", () => {
  let score: number | undefined;
  for (let n = 0; n < 100_000; n++) score = scoreAfterUse(score, START + n * 3_155_760);
  expect(Number.isFinite(score)).toBe(true);
});

test("it is plain JSON, and another version's state starts afresh", () => {
  const top = placeInTop(placeInTop(NO_TOP, "a", 1), "b", 2);
  expect(top.entries.map(({ repository }) => repository)).toEqual(["b", "a"]);
  expect(restoreTop(JSON.parse(JSON.stringify(top)))).toEqual(top);
  expect(restoreTop({ version: 2, entries: [] })).toEqual(NO_TOP);
  expect(restoreTop(undefined)).toEqual(NO_TOP);
});
