import * as fc from "fast-check";
import { expect, test } from "vitest";
import { observeStart, restoreStarts, type Starts, startWaitMs } from "../../src/pool/start-wait.ts";

const SHORTEST_MS = 15_000;
const LONGEST_MS = 75_000;

const took = (...times: readonly number[]): Starts => times.reduce(observeStart, restoreStarts(undefined));

test("where nothing is known, or starts are quick, a caller waits no longer than 15 s", () => {
  expect(startWaitMs(took())).toBe(SHORTEST_MS);
  expect(startWaitMs(took(400, 450, 900))).toBe(SHORTEST_MS);
});

test("slow starts are waited for: five times what nearly all of them took", () => {
  expect(startWaitMs(took(4_000))).toBe(20_000);
  expect(startWaitMs(took(...Array<number>(31).fill(4_000), 60_000))).toBe(20_000);
  expect(startWaitMs(took(...Array<number>(30).fill(4_000), 10_000, 60_000))).toBe(50_000);
});

test("never shorter than a start can take now and then, never longer than E2B's own patience", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { maxLength: 80 }), (times) => {
      const waitMs = startWaitMs(took(...times));
      expect(waitMs).toBeGreaterThanOrEqual(SHORTEST_MS);
      expect(waitMs).toBeLessThanOrEqual(LONGEST_MS);
      // One more slow start never shortens the wait.
      expect(startWaitMs(took(...times, 1e6))).toBeGreaterThanOrEqual(times.length < 32 ? waitMs : SHORTEST_MS);
    }),
  );
});

test("what E2B was like once is forgotten after 32 starts", () => {
  const slow = took(...Array<number>(32).fill(20_000));
  expect(startWaitMs(slow)).toBe(LONGEST_MS);
  expect(startWaitMs(Array<number>(32).fill(450).reduce(observeStart, slow))).toBe(SHORTEST_MS);
});

test("what was stored is known again; what is not readable is nothing", () => {
  const starts = took(4_000, 6_000);
  expect(restoreStarts(JSON.parse(JSON.stringify(starts)))).toEqual(starts);
  for (const stored of [undefined, 7, { version: 2, tookMs: [] }, { version: 1, tookMs: ["1"] }]) {
    expect(restoreStarts(stored)).toEqual({ version: 1, tookMs: [] });
  }
});
