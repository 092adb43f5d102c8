import * as fc from "fast-check";
import { expect, test } from "vitest";
import { chargesOf, HOUR_MS, hourOf, ledgerFrom, monthOf, nextMonthOf, spendAt } from "../../src/pool/spend.ts";

const DAY_MS = 24 * HOUR_MS;
const start = Date.UTC(2026, 1, 26, 22, 30);
const moment = fc.integer({ min: 0, max: 5 * DAY_MS }).map((after) => start + after);

test("an interval is split at full hours, and nothing is lost or counted twice", () => {
  fc.assert(
    fc.property(moment, moment, (from, to) => {
      const charges = chargesOf(from, to);
      expect(charges.reduce((sum, { runningMs }) => sum + runningMs, 0)).toBe(Math.max(0, to - from));
      expect(new Set(charges.map(({ hour }) => hour)).size).toBe(charges.length);
      for (const { hour, runningMs } of charges) {
        expect(hour % HOUR_MS).toBe(0);
        const overlap = Math.min(to, hour + HOUR_MS) - Math.max(from, hour);
        expect(runningMs).toBe(overlap);
        expect(runningMs).toBeGreaterThan(0);
      }
    }),
  );
});

test("however often and whenever it is settled, each millisecond is charged once and in its hour", () => {
  fc.assert(
    fc.property(moment, fc.array(moment, { maxLength: 20 }), (startedAt, settledAt) => {
      const ledger = new Map<number, number>();
      let chargedUntil = startedAt;
      for (const until of settledAt) {
        for (const { hour, runningMs } of chargesOf(chargedUntil, until)) {
          ledger.set(hour, (ledger.get(hour) ?? 0) + runningMs);
        }
        chargedUntil = Math.max(chargedUntil, until);
      }
      const expected = new Map(
        chargesOf(startedAt, Math.max(startedAt, ...settledAt)).map((c) => [c.hour, c.runningMs]),
      );
      expect(ledger).toEqual(expected);
    }),
  );
});

test("hours, days and months are sums of the same hours, at the price each ran at", () => {
  const now = Date.UTC(2026, 2, 1, 5, 20);
  const line = (hour: number, seconds: number, usdPerS: number) => ({ hour, runningMs: seconds * 1000, usdPerS });
  const spend = spendAt(
    [
      line(Date.UTC(2026, 1, 28, 4), 1, 1000),
      line(Date.UTC(2026, 1, 28, 5), 10, 1),
      line(Date.UTC(2026, 1, 28, 23), 20, 1),
      line(Date.UTC(2026, 2, 1, 0), 40, 1),
      line(Date.UTC(2026, 2, 1, 5), 80, 1),
      line(Date.UTC(2026, 2, 1, 5), 80, 2),
      line(Date.UTC(2026, 2, 1, 6), 1, 1000),
    ],
    now,
  );
  expect(spend).toEqual({ hourUsd: 240, dayUsd: 280, monthUsd: 280, lastDayUsd: 70 });
  expect(ledgerFrom(now)).toBe(Date.UTC(2026, 1, 28, 5));
  expect(ledgerFrom(now + 2 * DAY_MS)).toBe(Date.UTC(2026, 2, 1));
});

test("months begin and end in UTC, leap years and December too", () => {
  expect(monthOf(Date.UTC(2028, 1, 29, 23, 59))).toBe(Date.UTC(2028, 1));
  expect(nextMonthOf(Date.UTC(2028, 1, 29, 23, 59))).toBe(Date.UTC(2028, 2));
  expect(nextMonthOf(Date.UTC(2026, 11, 31))).toBe(Date.UTC(2027, 0));
  fc.assert(
    fc.property(moment, (time) => {
      expect(monthOf(time)).toBeLessThanOrEqual(time);
      expect(nextMonthOf(time)).toBeGreaterThan(time);
      expect(hourOf(time)).toBeLessThanOrEqual(time);
      expect(hourOf(time) + HOUR_MS).toBeGreaterThan(time);
    }),
  );
});
