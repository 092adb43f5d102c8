import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Demand,
  nextDropAt,
  noDemand,
  observeClaim,
  observeCreation,
  poolTarget,
  restoreDemand,
} from "../../src/pool/warm-pool-size.ts";

const WORTH = { waitUsdPerS: 0.005, rentUsdPerS: 0.00003025 };
const CREATE_MS = 450;
const MEMORY_MS = 600_000;
const BURST_MS = 20_000;
const MAX = 10;

/** Gaps between claims: fleets, sessions and silence. */
const gapMs = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 200_000 }));
const claimTimes = fc.array(gapMs, { minLength: 1, maxLength: 60 }).map((gaps) => {
  let at = 1_700_000_000_000;
  return gaps.map((gap) => (at += gap));
});

const after = (claims: readonly number[]): Demand =>
  claims.reduce((demand, at) => observeClaim(demand, at, MAX), noDemand(claims[0] ?? 0));

/** Returns each claim's wait with a pool of `stock` sandboxes, in which every taken one is replaced at once. */
function waitsWith(stock: number, claims: readonly number[]): number[] {
  return claims.map((at, n) => {
    const ordered = stock === 0 ? at : (claims[n - stock] ?? -Infinity);
    return Math.max(0, ordered + CREATE_MS - at) / 1000;
  });
}

test("the target is the largest size whose last sandbox saves more waiting than it costs, and in a burst as many as it had", () => {
  fc.assert(
    fc.property(claimTimes, fc.integer({ min: 0, max: 3 * MEMORY_MS }), (claims, laterMs) => {
      const now = (claims.at(-1) ?? 0) + laterMs;
      const pays = Array.from({ length: MAX }, (_, unit) => {
        const less = waitsWith(unit, claims);
        const more = waitsWith(unit + 1, claims);
        const rate = claims.reduce(
          (sum, at, n) => sum + (((less[n] ?? 0) - (more[n] ?? 0)) / 600) * Math.exp((at - now) / MEMORY_MS),
          0,
        );
        return WORTH.waitUsdPerS * rate - WORTH.rentUsdPerS;
      });
      // Leaves out cases that are too close to decide.
      fc.pre(pays.every((margin) => Math.abs(margin) > 1e-12));
      const typical = pays.findLastIndex((margin) => margin > 0) + 1;
      const newest = claims.slice(-MAX);
      const atOnce = newest
        .filter((first) => now - first < BURST_MS)
        .map((first) => newest.filter((at) => at >= first && at - first < 2000).length);
      const burst = Math.max(0, ...atOnce.filter((count) => count >= 3));
      const expected = Math.max(typical, burst);
      expect(poolTarget(after(claims), now, { min: 0, max: MAX }, WORTH)).toBe(expected);
    }),
  );
});

test("the next drop is where it says: the target holds until then and is smaller from then on", () => {
  fc.assert(
    fc.property(claimTimes, fc.integer({ min: 0, max: 2 }), (claims, min) => {
      const demand = after(claims);
      const bounds = { min, max: MAX };
      let now = claims.at(-1) ?? 0;
      for (let target = poolTarget(demand, now, bounds, WORTH); target > min;) {
        const dropAt = nextDropAt(demand, now, bounds, WORTH) ?? 0;
        expect(dropAt).toBeGreaterThan(now);
        expect(poolTarget(demand, dropAt - 1, bounds, WORTH)).toBe(target);
        const next = poolTarget(demand, dropAt, bounds, WORTH);
        expect(next).toBeLessThan(target);
        [now, target] = [dropAt, next];
      }
      expect(nextDropAt(demand, now, bounds, WORTH)).toBeUndefined();
    }),
  );
});

test("a burst of 50 grows to the maximum, and silence shrinks it to the minimum", () => {
  const at = 1_700_000_000_000;
  const demand = after(Array.from({ length: 50 }, () => at));
  const bounds = { min: 2, max: MAX };
  expect(poolTarget(demand, at, bounds, WORTH)).toBe(MAX);
  expect(nextDropAt(demand, at, bounds, WORTH)).toBe(at + BURST_MS);
  expect(poolTarget(demand, at + BURST_MS, bounds, WORTH)).toBe(2);
});

test("the first sandbox pays when claims come more often than once in V x L / rent, 74 s", () => {
  const every = (ms: number): number => {
    const claims = Array.from({ length: 400 }, (_, n) => n * ms);
    // Half-way between two claims, where the decayed rate equals its mean.
    return poolTarget(after(claims), (claims.at(-1) ?? 0) + ms / 2, { min: 0, max: MAX }, WORTH);
  };
  expect(every(70_000)).toBe(1);
  expect(every(80_000)).toBe(0);
});

test("a burst is not bet on when waiting is worth little", () => {
  const demand = after(Array.from({ length: 50 }, () => 1000));
  const tight = { ...WORTH, waitUsdPerS: 0.2 * WORTH.waitUsdPerS };
  expect(poolTarget(demand, 1000, { min: 0, max: MAX }, tight)).toBe(0);
});

test("waiting that is worth nothing needs no pool", () => {
  const demand = after(Array.from({ length: 50 }, () => 1000));
  expect(poolTarget(demand, 1000, { min: 0, max: MAX }, { ...WORTH, waitUsdPerS: 0 })).toBe(0);
});

test("creations are averaged, and slower ones ask for more sandboxes", () => {
  let slow = noDemand(0);
  for (let n = 0; n < 100; n++) slow = observeCreation(slow, 20);
  expect(slow.createS).toBeCloseTo(20, 2);
  const claims = Array.from({ length: 40 }, (_, n) => n * 15_000);
  const last = claims.at(-1) ?? 0;
  const slowDemand = claims.reduce((demand, at) => observeClaim(demand, at, MAX), slow);
  const bounds = { min: 0, max: MAX };
  expect(poolTarget(slowDemand, last, bounds, WORTH)).toBeGreaterThan(poolTarget(after(claims), last, bounds, WORTH));
});

test("a clock that jumps back and a new maximum do no harm", () => {
  const demand = observeClaim(observeClaim(after([1_000_000, 1_000_000]), 500_000, MAX), 500_000, 3);
  expect(demand.rates).toHaveLength(3);
  expect(demand.rates.every((rate) => Number.isFinite(rate) && rate >= 0)).toBe(true);
  expect(demand.claims).toHaveLength(3);
  expect(observeClaim(demand, 600_000, 0).claims).toEqual([]);
});

test("it is plain JSON, and another version's state starts afresh", () => {
  const demand = after([1000, 1100, 5000]);
  expect(restoreDemand(JSON.parse(JSON.stringify(demand)), 9000)).toEqual(demand);
  for (const stored of [undefined, {}, { ...demand, version: 0 }]) {
    expect(restoreDemand(stored, 9000)).toEqual(noDemand(9000));
  }
});
