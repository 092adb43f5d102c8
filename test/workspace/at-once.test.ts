import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parseConfig } from "../../src/config.ts";
import { atOnce } from "../../src/workspace/at-once.ts";

const config = parseConfig({ E2B_API_KEY: "e2b", MAX_OPERATIONS_PER_TENANT: "1" });
const HOUR_MS = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const run = (tenant: string, work: () => Promise<string> = async () => "done") => atOnce({ tenant, config }, work);
const refused = { code: "rate_limited", details: { limit: "operations_per_tenant", retryAfterS: 1 } };

test("an operation counts for as long as it is under way, and no longer", async () => {
  const working = Promise.withResolvers<string>();
  const first = run("acme", () => working.promise);
  for (let hours = 0; hours < 2; hours++) {
    await expect(run("acme")).rejects.toMatchObject(refused);
    expect(await run("globex")).toBe("done");
    vi.advanceTimersByTime(HOUR_MS);
  }
  working.resolve("late");
  expect([await first, await run("acme")]).toEqual(["late", "done"]);
  await expect(run("acme", () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  expect(await run("acme")).toBe("done");
});

test("an operation that the runtime drops counts for seconds", async () => {
  const dropped = Promise.withResolvers<string>();
  void run("acme", () => dropped.promise);
  // The timers of a request end with it.
  vi.clearAllTimers();
  await expect(run("acme")).rejects.toMatchObject(refused);
  vi.setSystemTime(Date.now() + 6000);
  expect(await run("acme")).toBe("done");
});
