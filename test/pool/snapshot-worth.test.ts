import * as fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_SIZE, DEFAULT_WAIT_USD_PER_S, usdPerSecond } from "../../src/pool/price.ts";
import { isStale, isWorthSnapshot, leastWorth } from "../../src/pool/snapshot-worth.ts";

const worth = { waitUsdPerS: DEFAULT_WAIT_USD_PER_S, rentUsdPerS: usdPerSecond(DEFAULT_SIZE) };

test.each([
  ["a large repository after its first clone", { clonesPerDay: Math.LN2, fullCloneS: 10 }, true],
  ["one that is cloned once in two months", { clonesPerDay: 1 / 100, fullCloneS: 10 }, false],
  ["a small one that is cloned all day", { clonesPerDay: 1000, fullCloneS: 0.7 }, false],
  ["a small one that is just large enough", { clonesPerDay: 10, fullCloneS: 1 }, true],
] as const)("worth: %s", (_, demand, expected) => {
  expect(isWorthSnapshot(demand, worth)).toBe(expected);
});

test("what is worth it stays so with more clones, longer ones, and dearer waiting", () => {
  const positive = fc.double({ min: 0.01, max: 1000, noNaN: true });
  fc.assert(
    fc.property(positive, positive, positive, (clonesPerDay, fullCloneS, more) => {
      if (!isWorthSnapshot({ clonesPerDay, fullCloneS }, worth)) return;
      expect(isWorthSnapshot({ clonesPerDay: clonesPerDay + more, fullCloneS }, worth)).toBe(true);
      const dearer = { ...worth, waitUsdPerS: worth.waitUsdPerS * (1 + more) };
      expect(isWorthSnapshot({ clonesPerDay, fullCloneS }, dearer)).toBe(true);
    }),
  );
});

test("stale: a share of the full clone, and never a few round trips", () => {
  expect([isStale(1.1, 10), isStale(0.9, 10), isStale(0.4, 1)]).toEqual([true, false, false]);
});

test("what goes first is old, seldom used, and quick to clone again", () => {
  const kept = (id: string, hours: number, starts: number, fullCloneS: number) => ({
    id,
    lastUsedAt: -hours * 3_600_000,
    starts,
    fullCloneS,
  });
  expect(leastWorth([kept("old", 10, 1, 5), kept("new", 1, 1, 5)], 0)).toBe("old");
  expect(leastWorth([kept("busy", 10, 20, 5), kept("idle", 10, 1, 5)], 0)).toBe("idle");
  expect(leastWorth([kept("large", 10, 1, 50), kept("small", 10, 1, 5)], 0)).toBe("small");
  expect(leastWorth([], 0)).toBeUndefined();
});
