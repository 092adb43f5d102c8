import * as fc from "fast-check";
import { expect, test } from "vitest";
import { EDGES_MS } from "../../src/pool/gaps.ts";
import {
  breakEvenMs,
  type Learned,
  nothingLearned,
  observeGap,
  observeResume,
  relearn,
  restoreLearned,
} from "../../src/pool/learned.ts";
import { DEFAULT_SIZE, DEFAULT_WAIT_USD_PER_S, usdPerSecond } from "../../src/pool/price.ts";

const WORTH = { waitUsdPerS: DEFAULT_WAIT_USD_PER_S, rentUsdPerS: usdPerSecond(DEFAULT_SIZE) };
const B = breakEvenMs(1, WORTH);

const after = (gapsMs: readonly number[], from: Learned = nothingLearned(WORTH)): Learned =>
  gapsMs.reduce((learned, gap) => observeGap(learned, gap, WORTH), from);
const times = (count: number, gapMs: number): number[] => Array.from({ length: count }, () => gapMs);

test("prices are E2B's, and a miss is worth 168 s of the default sandbox", () => {
  expect(WORTH.rentUsdPerS).toBeCloseTo(0.00003025, 12);
  expect(usdPerSecond({ vcpus: 1, memoryMib: 512 })).toBeCloseTo(0.00001625, 12);
  expect(B / 1000).toBeCloseTo(168.29, 2);
});

test("until 20 gaps were seen it keeps for the break-even time", () => {
  expect(after(times(19, 3_600_000)).keepMs).toBe(B);
  expect(after(times(20, 3_600_000)).keepMs).toBeLessThan(B);
});

test("it keeps as long as agents think, and no longer", () => {
  const { keepMs } = after([...times(100, 20_000), ...times(30, 3_600_000)].toSorted(() => 0));
  expect(EDGES_MS).toContain(keepMs);
  expect(keepMs).toBeGreaterThan(20_000);
  expect(keepMs).toBeLessThan(40_000);
});

test("it stays within 0.02 and 4 times the break-even time, whatever the gaps", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 20, maxLength: 200 }), (gaps) => {
      const { keepMs } = after(gaps);
      expect(keepMs).toBeGreaterThanOrEqual(0.02 * B);
      expect(keepMs).toBeLessThanOrEqual(4 * B);
    }),
    { numRuns: 50 },
  );
  expect(after(times(64, 3_600_000)).keepMs).toBe(0.02 * B);
  expect(after(times(64, 5 * B)).keepMs).toBe(0.02 * B);
});

test("it learns anew every 64 gaps", () => {
  const early = after(times(20, 3_600_000));
  const before = after(times(43, 10_000), early);
  expect(before.keepMs).toBe(early.keepMs);
  expect(observeGap(before, 10_000, WORTH).keepMs).toBeGreaterThan(10_000);
});

test("slow resumes keep workspaces longer, cheap waiting shorter", () => {
  // A third each: gaps of seconds, of some minutes, and of hours.
  const learned = after([...times(100, 10_000), ...times(100, 200_000), ...times(100, 9_000_000)]);
  let slow = learned;
  for (let n = 0; n < 100; n++) slow = observeResume(slow, 10);
  expect(slow.resumeS).toBeCloseTo(10, 3);
  expect(relearn(slow, WORTH).keepMs).toBeGreaterThan(relearn(learned, WORTH).keepMs);
  const tight = { ...WORTH, waitUsdPerS: 0.01 * WORTH.waitUsdPerS };
  expect(relearn(learned, tight).keepMs).toBeLessThan(relearn(learned, WORTH).keepMs);
});

test("it is plain JSON, and another version's state starts afresh", () => {
  const learned = after(times(70, 12_345));
  expect(restoreLearned(JSON.parse(JSON.stringify(learned)), WORTH)).toEqual(learned);
  for (const stored of [undefined, null, "", {}, { ...learned, version: 2 }, { ...learned, weights: [1] }]) {
    expect(restoreLearned(stored, WORTH)).toEqual(nothingLearned(WORTH));
  }
});
