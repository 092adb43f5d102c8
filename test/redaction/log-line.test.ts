import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { configOf } from "../../src/config.ts";
import { logEvent } from "../../src/redaction/log-line.ts";

const SETTINGS = {
  E2B_API_KEY: "e2b_0123456789!abcdef",
  LEASE_KEY: `${"A".repeat(42)}E=,${"B".repeat(42)}E=`,
  ALLOWED_GIT_HOSTS: "git.example",
};

let logged: string[];
beforeEach(() => {
  logged = [];
  vi.spyOn(console, "warn").mockImplementation((line: string) => logged.push(line));
});
afterEach(() => {
  vi.restoreAllMocks();
});

test("an event is logged without the secrets of the settings, whoever quotes them", () => {
  configOf(SETTINGS);
  const secrets = [SETTINGS.E2B_API_KEY, ...SETTINGS.LEASE_KEY.split(",")];
  const error = `E2B said: Bearer ${secrets.join(" ")} "\\`;
  logEvent("warn", { event: "reconcile_failed", error, repository: "git.example/o/r" });
  expect(secrets.filter((secret) => logged.join().includes(secret))).toEqual([]);
  expect(JSON.parse(logged[0] ?? "")).toEqual({
    event: "reconcile_failed",
    error: 'E2B said: Bearer [redacted] [redacted] [redacted] "\\',
    repository: "git.example/o/r",
  });
});
