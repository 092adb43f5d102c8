import * as fc from "fast-check";
import { expect, test } from "vitest";
import { backoffMs } from "../../src/pool/backoff.ts";
import { dueWhenKept, e2bTimeoutS, pauseAt } from "../../src/pool/tiers.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test("an unused workspace is paused after ten active and thirty idle minutes, or at the operator's bound", () => {
  expect(pauseAt(0, HOUR)).toBe(40 * MINUTE);
  expect(pauseAt(1000, 5 * MINUTE)).toBe(1000 + 5 * MINUTE);
});

test("E2B's own timeout lies just beyond ours, and never beyond what its free plan takes", () => {
  expect(e2bTimeoutS(HOUR)).toBe(42 * 60);
  expect(e2bTimeoutS(MINUTE)).toBe(3 * 60);
});

/** Returns when a workspace is due that only the tiers keep. */
const dueFor = ({ lastUsedAt, endsAt }: { lastUsedAt: number; endsAt: number }, now: number, ttlMs: number) =>
  dueWhenKept({ keepUntil: pauseAt(lastUsedAt, ttlMs), endsAt }, now);

test("what is due", () => {
  const endsAt = 42 * MINUTE;
  expect(dueFor({ lastUsedAt: 0, endsAt }, MINUTE, HOUR)).toEqual({ action: "wait", until: 37 * MINUTE });
  expect(dueFor({ lastUsedAt: 0, endsAt }, 40 * MINUTE, HOUR)).toEqual({ action: "pause" });
  expect(dueFor({ lastUsedAt: 30 * MINUTE, endsAt }, 37 * MINUTE, HOUR)).toEqual({ action: "extend" });
  expect(dueFor({ lastUsedAt: 30 * MINUTE, endsAt }, 43 * MINUTE, HOUR)).toEqual({
    action: "wait",
    until: 70 * MINUTE,
  });
});

test("waiting is always for later, and what waits in the end is paused", () => {
  const ms = fc.integer({ min: 0, max: 10 * HOUR });
  fc.assert(
    fc.property(ms, ms, ms, fc.integer({ min: MINUTE, max: HOUR }), (lastUsedAt, endsAt, now, ttl) => {
      const due = dueFor({ lastUsedAt, endsAt }, now, ttl);
      if (due.action === "wait") expect(due.until).toBeGreaterThan(now);
      expect(dueFor({ lastUsedAt, endsAt }, pauseAt(lastUsedAt, ttl), ttl).action).toBe("pause");
    }),
  );
});

test("back-off doubles to its ceiling and never halves below it", () => {
  expect(backoffMs(0, () => 0)).toBe(1000);
  expect(backoffMs(3, () => 1)).toBe(16_000);
  expect(backoffMs(1000, () => 1)).toBe(5 * MINUTE);
});
