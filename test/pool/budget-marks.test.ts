import { expect, test } from "vitest";
import { marksReached, NOTHING_TOLD, restoreTold } from "../../src/pool/budget-marks.ts";
import { monthOf } from "../../src/pool/spend.ts";

const NOW = Date.UTC(2026, 10, 30, 8);
const told = (percent: number, now = NOW) => ({ month: monthOf(now), percent });

test.each([
  [15.99, NOTHING_TOLD, []],
  [16, NOTHING_TOLD, [80]],
  [19.99, told(80), []],
  [20, told(80), [100]],
  [25, NOTHING_TOLD, [80, 100]],
  [25, told(100), []],
  [16, told(100, Date.UTC(2026, 9, 31)), [80]],
])("at %d of 20 USD, after %j: %j", (spentUsd, before, marks) => {
  expect(marksReached(spentUsd, 20, before, NOW)).toEqual(marks);
});

test("what was stored comes back, and what is no mark does not", () => {
  expect(restoreTold(JSON.parse(JSON.stringify(told(80))))).toEqual(told(80));
  for (const stored of [undefined, {}, { month: "2026-11", percent: 80 }]) expect(restoreTold(stored)).toBeUndefined();
});
