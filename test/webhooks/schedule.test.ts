import { expect, test } from "vitest";
import { retryAfterMs, verdictOn } from "../../src/webhooks/schedule.ts";

const HOUR_MS = 3_600_000;
const failed = { status: 500, reason: "answered 500" };

test.each([200, 201, 204, 299])("%i is delivered", (status) => {
  expect(verdictOn({ status, reason: "" }, 1, 0)).toEqual({ state: "delivered" });
});

test("410 ends it at once, and its endpoint", () => {
  expect(verdictOn({ status: 410, reason: "" }, 1, 0)).toEqual({ state: "dead", gone: true });
});

test.each([undefined, 100, 301, 308, 400, 401, 404, 429, 500, 503])(
  "%s is tried ten times over three days, and then given up",
  (status) => {
    const attempt = { reason: "", ...(status !== undefined && { status }) };
    const waits: number[] = [];
    for (let tries = 1; ; tries++) {
      const verdict = verdictOn(attempt, tries, 0);
      if (verdict.state !== "pending") {
        expect([tries, verdict]).toEqual([10, { state: "dead", gone: false }]);
        break;
      }
      waits.push(verdict.waitMs);
    }
    expect(waits.map((ms) => ms / 1000)).toEqual([5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]);
  },
);

test("chance adds up to a tenth, and takes nothing off", () => {
  expect(verdictOn(failed, 2, 0.5)).toEqual({ state: "pending", waitMs: 315_000 });
  expect(verdictOn(failed, 2, 0.999999)).toEqual({ state: "pending", waitMs: 330_000 });
});

test("a receiver is given the time that it asks for, up to a day, and never less than the schedule", () => {
  const waitAfter = (retryAfter: number) => verdictOn({ ...failed, retryAfterMs: retryAfter }, 1, 0);
  expect(waitAfter(60_000)).toEqual({ state: "pending", waitMs: 60_000 });
  expect(waitAfter(1000)).toEqual({ state: "pending", waitMs: 5000 });
  expect(waitAfter(1e12)).toEqual({ state: "pending", waitMs: 24 * HOUR_MS });
});

test.each([
  [null, undefined],
  ["120", 120_000],
  ["0", 0],
  ["-5", undefined],
  ["1.5", undefined],
  ["soon", undefined],
  ["2026-12-01", undefined],
  ["Mon, 30 Nov 2026 08:00:30 GMT", 30_000],
  ["Mon, 30 Nov 2026 07:00:00 GMT", 0],
])("Retry-After %s is %s ms", (header, ms) => {
  expect(retryAfterMs(header, Date.UTC(2026, 10, 30, 8))).toBe(ms);
});
