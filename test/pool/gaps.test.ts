import * as fc from "fast-check";
import { expect, test } from "vitest";
import { addGap, BINS, cheapestKeepMs, EDGES_MS, type Gaps, NO_GAPS } from "../../src/pool/gaps.ts";

const gapMs = fc.oneof(
  fc.double({ min: 0, max: 600_000, noNaN: true }),
  fc.double({ min: 0, max: 10 * 24 * 3_600_000, noNaN: true }),
  fc.constantFrom(...EDGES_MS),
);

const all = (gaps: readonly number[]): Gaps => gaps.reduce(addGap, NO_GAPS);

test("27 bins, from 0 over 2 s x 1.6^k to almost three days", () => {
  expect(EDGES_MS).toHaveLength(BINS);
  expect(EDGES_MS.slice(0, 4)).toEqual([0, 2000, 3200, 5120.000000000001]);
  expect((EDGES_MS.at(-1) ?? 0) / (24 * 3_600_000)).toBeCloseTo(2.93, 2);
});

test("a gap falls into the bin whose edges hold it", () => {
  fc.assert(
    fc.property(gapMs, (gap) => {
      const bin = addGap(NO_GAPS, gap).weights.indexOf(1);
      expect(gap).toBeGreaterThanOrEqual(EDGES_MS[bin] ?? Infinity);
      expect(gap).toBeLessThan(EDGES_MS[bin + 1] ?? Infinity);
    }),
  );
});

test("the answer is the edge of least cost, by adding up every gap at every edge", () => {
  fc.assert(
    fc.property(
      fc.array(gapMs, { minLength: 1, maxLength: 80 }),
      fc.double({ min: 100, max: 10_000_000, noNaN: true }),
      (gaps, breakEven) => {
        const growth = 1 + Math.LN2 / 2000;
        const middleOf = (gap: number): number => {
          const bin = EDGES_MS.findLastIndex((edge) => edge <= gap);
          return ((EDGES_MS[bin] ?? 0) + (EDGES_MS[bin + 1] ?? Infinity)) / 2;
        };
        const costOf = (keepMs: number): number =>
          gaps.reduce((sum, gap, n) => sum + growth ** n * (gap < keepMs ? middleOf(gap) : keepMs + breakEven), 0);
        const least = Math.min(...EDGES_MS.map(costOf));
        expect(costOf(cheapestKeepMs(all(gaps), breakEven))).toBeLessThanOrEqual(least * (1 + 1e-9));
      },
    ),
  );
});

test("after 2,000 more gaps one counts half", () => {
  const { weights } = all([50, ...Array.from({ length: 2000 }, () => 5000)]);
  const newest = all([...Array.from({ length: 2000 }, () => 5000), 50]).weights[0] ?? 0;
  expect((weights[0] ?? 0) / newest).toBeCloseTo(0.5, 3);
});

test("weights stay small and keep their proportions however long it runs", () => {
  let gaps = NO_GAPS;
  for (let n = 0; n < 100_000; n++) gaps = addGap(gaps, n % 3 === 0 ? 60_000 : 4000);
  expect(gaps.increment).toBeLessThan(2 ** 20);
  const total = gaps.weights.reduce((sum, weight) => sum + weight, 0);
  expect((gaps.weights[2] ?? 0) / total).toBeCloseTo(2 / 3, 2);
});
