import { expect, test } from "vitest";
import { countBefore, isGivenUp, longestWaitMs, nextOf, type Place, retryAfterS } from "../../src/pool/push-line.ts";

const waits: Place = { waiting: 1, hasTurn: false };
const works: Place = { waiting: 0, hasTurn: true };
const left: Place = { waiting: 0, hasTurn: false, leftAt: 1_000 };

test("the first that waits is next, and nobody while one has its turn", () => {
  const second = { ...waits };
  expect(nextOf([left, waits, second])).toBe(waits);
  expect(nextOf([works, waits])).toBeUndefined();
  expect(nextOf([left])).toBeUndefined();
  expect(nextOf([])).toBeUndefined();
});

test("before a push come those ahead of it that wait or have their turn", () => {
  const own = { ...waits };
  expect(countBefore([works, left, waits, own, { ...waits }], own)).toBe(2);
  expect(countBefore([own], own)).toBe(0);
});

test("a place is kept for a minute", () => {
  expect(isGivenUp(left, 60_999)).toBe(false);
  expect(isGivenUp(left, 61_000)).toBe(true);
  expect(isGivenUp(waits, Infinity)).toBe(false);
});

test("a wait leaves time for the push itself, and is never none", () => {
  expect(longestWaitMs(300_000, 2_000)).toBe(298_000);
  expect(longestWaitMs(300_000)).toBe(295_000);
  expect(longestWaitMs(10_000, 60_000)).toBe(1_000);
});

test("to come back is told for when the turn is near, and before the place is given up", () => {
  expect(retryAfterS(4, 1_500)).toBe(6);
  expect(retryAfterS(0, 1_500)).toBe(1);
  expect(retryAfterS(1_000, 1_500)).toBe(30);
});
