import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  boundsUnder,
  budgetState,
  correctBudget,
  fullBudget,
  restoreBudget,
  worthUnder,
} from "../../src/pool/budget.ts";
import { HOUR_MS } from "../../src/pool/spend.ts";

const MONTH = Date.UTC(2026, 5);
const spend = (monthUsd: number, lastDayUsd: number) => ({ hourUsd: 0, dayUsd: 0, monthUsd, lastDayUsd });

test("spend on course changes nothing; too much scales waiting down by the eighth-hundredth power", () => {
  const noon = MONTH + 12 * HOUR_MS;
  const budget = fullBudget(noon - HOUR_MS);
  // 708 hours are left of 720, and $704.40 to steer for: half the present rate of spending.
  const half = correctBudget(budget, spend(12, 2 * 24 * ((0.995 * 720 - 12) / 708)), 720, noon);
  expect(half.kappa).toBeCloseTo(0.5 ** 0.08, 6);
  expect(correctBudget(budget, spend(12, 24 * 0.9), 720, noon).kappa).toBe(1);
  expect(correctBudget(half, spend(12, 0), 720, noon + HOUR_MS).kappa).toBe(1);
});

test("it corrects once an hour, and makes up for hours in which nobody asked", () => {
  const budget = fullBudget(MONTH);
  const tooMuch = spend(100, 500);
  expect(correctBudget(budget, tooMuch, 720, MONTH + HOUR_MS - 1)).toBe(budget);
  const once = correctBudget(budget, tooMuch, 720, MONTH + HOUR_MS);
  expect(correctBudget(once, tooMuch, 720, MONTH + 2 * HOUR_MS - 1)).toBe(once);
  const five = correctBudget(budget, tooMuch, 720, MONTH + 5 * HOUR_MS);
  expect(five.kappa).toBeCloseTo(once.kappa ** 5, 1);
});

test("kappa stays in (0, 1], whatever is spent", () => {
  const usd = fc.double({ min: 0, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(usd, usd, fc.integer({ min: 0, max: 100 * HOUR_MS })), { maxLength: 30 }),
      fc.double({ min: 0.01, max: 1e6, noNaN: true }),
      (steps, limit) => {
        let budget = fullBudget(MONTH);
        let now = MONTH;
        for (const [month, day, later] of steps) {
          now += later;
          budget = correctBudget(budget, spend(month, day), limit, now);
          expect(budget.kappa).toBeGreaterThan(0);
          expect(budget.kappa).toBeLessThanOrEqual(1);
        }
      },
    ),
  );
});

test("at the limit it is exhausted until the next month (UTC) begins, and then as tight as before", () => {
  const now = MONTH + 20 * 24 * HOUR_MS;
  const tight = { ...fullBudget(now), kappa: 0.3 };
  expect(budgetState(tight, 100, 100, now)).toEqual({ state: "exhausted", kappa: 0, liftsAt: Date.UTC(2026, 6) });
  expect(correctBudget(tight, spend(100, 50), 100, now + HOUR_MS).kappa).toBe(0.3);
  expect(budgetState(tight, 0, 100, Date.UTC(2026, 6))).toEqual({ state: "tight", kappa: 0.3 });
  expect(budgetState(fullBudget(now), 99.99, 100, now)).toEqual({ state: "ample", kappa: 1 });
});

test("the pool's standing sandboxes go first, then what waiting is worth, and all of it at the limit", () => {
  const bounds = { min: 2, max: 10 };
  expect(boundsUnder(bounds, 1)).toEqual(bounds);
  expect(boundsUnder(bounds, 0.99)).toEqual({ min: 1, max: 10 });
  expect(boundsUnder(bounds, 0.4)).toEqual({ min: 0, max: 10 });
  expect(worthUnder({ waitUsdPerS: 0.005, rentUsdPerS: 1 }, 0)).toEqual({ waitUsdPerS: 0, rentUsdPerS: 1 });
});

test("it is plain JSON, and another version's state starts afresh", () => {
  const budget = { ...fullBudget(MONTH), kappa: 0.25 };
  expect(restoreBudget(JSON.parse(JSON.stringify(budget)), MONTH)).toEqual(budget);
  for (const stored of [undefined, {}, { ...budget, kappa: 0 }, { ...budget, version: 3 }]) {
    expect(restoreBudget(stored, MONTH)).toEqual(fullBudget(MONTH));
  }
});
