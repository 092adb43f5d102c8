import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { E2bError } from "../../src/e2b/error.ts";
import type { E2bErrorCode } from "../../src/e2b/error.ts";
import { retryDelayMs, withRetries } from "../../src/e2b/retry.ts";
import type { RetryClock } from "../../src/e2b/retry.ts";

/** Returns a clock that advances only during a sleep. */
function handClock(random = 0.5): RetryClock & { slept: number[] } {
  let nowMs = 1_000_000;
  const slept: number[] = [];
  return {
    slept,
    nowMs: () => nowMs,
    random: () => random,
    sleep: (delayMs) => {
      slept.push(delayMs);
      nowMs += delayMs;
      return Promise.resolve();
    },
  };
}

function failing(error: Error, times = Infinity): { tries: () => number; attempt: () => Promise<string> } {
  let tries = 0;
  async function attempt(): Promise<string> {
    tries++;
    if (tries <= times) throw error;
    return "done";
  }
  return { tries: () => tries, attempt };
}

function e2b(
  code: E2bErrorCode,
  started: boolean,
  facts: { retryAfterS?: number; retryAdvised?: boolean } = {},
): E2bError {
  return new E2bError(code, code, { started, ...facts });
}

const patient = { idempotent: true, deadlineMs: 60_000 };

describe("retryDelayMs", () => {
  it("jitters over the whole of a back-off that doubles up to 5 s", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.double({ min: 0, max: 1, noNaN: true }), (tries, random) => {
        const ceilingMs = Math.min(5_000, 200 * 2 ** (tries - 1));
        expect(retryDelayMs(tries, undefined, random)).toBeCloseTo(random * ceilingMs);
      }),
    );
  });

  it("never comes back before Retry-After, and gives up on a long one", () => {
    const random = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat({ max: 60 }), random, (tries, retryAfterS, chance) => {
        const delayMs = retryDelayMs(tries, retryAfterS, chance);
        if (retryAfterS > 20) expect(delayMs).toBeUndefined();
        else expect(delayMs).toBeGreaterThanOrEqual(retryAfterS * 1000);
      }),
    );
  });
});

describe("withRetries", () => {
  it.each(["rate_limited", "unavailable", "timeout", "stream_broken"] as const)("repeats after %s", async (code) => {
    const { attempt, tries } = failing(e2b(code, true), 2);
    const clock = handClock();
    await expect(withRetries(attempt, patient, clock)).resolves.toBe("done");
    expect(tries()).toBe(3);
    expect(clock.slept).toEqual([100, 200]);
  });

  it.each([
    "unauthenticated",
    "not_found",
    "capacity",
    "conflict",
    "invalid_request",
    "not_running",
    "protocol",
    "process_deadline",
  ] as const)("does not repeat after %s", async (code) => {
    const { attempt, tries } = failing(e2b(code, false));
    await expect(withRetries(attempt, patient, handClock())).rejects.toMatchObject({ code });
    expect(tries()).toBe(1);
  });

  it("gives up after four tries with the last error", async () => {
    const { attempt, tries } = failing(e2b("unavailable", true));
    await expect(withRetries(attempt, patient, handClock())).rejects.toMatchObject({ code: "unavailable" });
    expect(tries()).toBe(4);
  });

  it("repeats a call that is not idempotent only when it had no effect", async () => {
    const once = { idempotent: false, deadlineMs: 60_000 };
    const limited = failing(e2b("rate_limited", false), 1);
    await expect(withRetries(limited.attempt, once, handClock())).resolves.toBe("done");
    const unknown = failing(e2b("timeout", true), 1);
    await expect(withRetries(unknown.attempt, once, handClock())).rejects.toMatchObject({ code: "timeout" });
    expect(unknown.tries()).toBe(1);
  });

  it("leaves tries that had no effect to a call that repeats them by itself", async () => {
    const outer = { ...patient, begunOnly: true };
    const limited = failing(e2b("rate_limited", false), 1);
    await expect(withRetries(limited.attempt, outer, handClock())).rejects.toMatchObject({ code: "rate_limited" });
    expect(limited.tries()).toBe(1);
    await expect(withRetries(failing(e2b("unavailable", true), 1).attempt, outer, handClock())).resolves.toBe("done");
  });

  it("takes the server's own advice on a retry over its own list", async () => {
    const discouraged = failing(e2b("unavailable", true, { retryAdvised: false }));
    await expect(withRetries(discouraged.attempt, patient, handClock())).rejects.toBeInstanceOf(E2bError);
    expect(discouraged.tries()).toBe(1);
    const encouraged = failing(e2b("conflict", false, { retryAdvised: true }), 1);
    await expect(withRetries(encouraged.attempt, patient, handClock())).resolves.toBe("done");
  });

  it("waits as long as it was asked to", async () => {
    const clock = handClock(0);
    await withRetries(failing(e2b("rate_limited", false, { retryAfterS: 7 }), 1).attempt, patient, clock);
    expect(clock.slept).toEqual([7_000]);
  });

  it("never sleeps past the deadline, and tells each try how long it has", async () => {
    const tryCosts = fc.array(fc.nat({ max: 20_000 }), { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 30_000 }),
        fc.nat({ max: 20 }),
        tryCosts,
        async (deadlineMs, retryAfterS, costs) => {
          const clock = handClock();
          const endMs = clock.nowMs() + deadlineMs;
          const left: number[] = [];
          const attempt = async (remainingMs: number): Promise<never> => {
            left.push(remainingMs);
            await clock.sleep(Math.min(costs[left.length - 1] ?? 0, remainingMs));
            throw e2b("rate_limited", false, { retryAfterS });
          };
          await expect(withRetries(attempt, { idempotent: true, deadlineMs }, clock)).rejects.toBeInstanceOf(E2bError);
          expect(clock.nowMs()).toBeLessThanOrEqual(endMs);
          expect(Math.min(...left)).toBeGreaterThan(0);
        },
      ),
    );
  });

  it("lets errors that are not E2B's through", async () => {
    const { attempt, tries } = failing(new TypeError("a bug"));
    await expect(withRetries(attempt, patient, handClock())).rejects.toThrow("a bug");
    expect(tries()).toBe(1);
  });
});
