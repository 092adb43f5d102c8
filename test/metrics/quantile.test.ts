import * as fc from "fast-check";
import { expect, test } from "vitest";
import { quantile } from "../../src/metrics/quantile.ts";

const BOUNDS = [1, 2, 5];

test.each([
  ["evenly spread within its bucket", 0.5, [0, 10, 0, 0], 1.5],
  ["the first bucket begins at 0", 0.5, [10, 0, 0, 0], 0.5],
  ["beyond the last bound: that bound", 0.99, [0, 0, 0, 10], 5],
  ["an empty bucket between is passed over", 0.75, [2, 0, 2, 0], 3.5],
])("%s", (_, share, counts, value) => {
  expect(quantile(share, BOUNDS, counts)).toBe(value);
});

test("of nothing there is none", () => {
  expect(quantile(0.5, BOUNDS, [0, 0, 0, 0])).toBeUndefined();
});

test("lies in the bucket of the observation with that rank", () => {
  const observations = fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(observations, fc.constantFrom(0.5, 0.95, 0.99), (values, share) => {
      const bucketOf = (value: number) => BOUNDS.findIndex((bound) => value <= bound);
      const counts = [...BOUNDS, Infinity].map(
        (_, bucket) => values.filter((value) => bucketOf(value) === bucket).length,
      );
      const sorted = values.toSorted((a, b) => a - b);
      const ranked = sorted[Math.ceil(share * values.length) - 1] ?? 0;
      expect(bucketOf(quantile(share, BOUNDS, counts) ?? Infinity)).toBe(bucketOf(ranked));
    }),
  );
});
