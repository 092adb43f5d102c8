import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod/v4";
import { startLocalHost } from "../../scripts/local-e2b/host.ts";
import { ROOT } from "../../scripts/support/tools.ts";
import { until } from "../support/until.ts";

const run = (script: string, ...args: string[]) => {
  const { E2B_API_KEY: _none, ...env } = process.env;
  return spawnSync(process.execPath, [join(ROOT, "scripts", script), ...args], { encoding: "utf8", env });
};

test.each(["verify", "verify-e2b"])("%s --help says how", (script) => {
  const { status, stdout } = run(`${script}.ts`, "--help");
  expect(stdout).toMatch(/^npm run verify/);
  expect(status).toBe(0);
});

test.each([
  ["verify", "health"],
  ["verify-e2b", "bad key"],
])("%s starts what it needs, and tells as JSON", (script, text) => {
  const { status, stdout, stderr } = run(`${script}.ts`, "--only", text, "--json");
  expect(stderr).toMatch(/^checking .* at most \d+ minutes, .*\$\d+\.\d\d/);
  const { ok, checks } = z.object({ ok: z.boolean(), checks: z.array(z.unknown()) }).parse(JSON.parse(stdout));
  expect([ok, checks.length > 1, status]).toEqual([true, true, 0]);
});

test("verify-e2b that is ended in the middle leaves no sandbox running", async () => {
  const host = await startLocalHost();
  onTestFinished(() => host.close());
  const env = { ...process.env, E2B_API_KEY: "k", E2B_API_URL: host.url, E2B_SANDBOX_URL: host.url };
  const child = spawn(process.execPath, [join(ROOT, "scripts", "verify-e2b.ts"), "--only", "time"], { env });
  await until("a sandbox", () => host.account().some(({ state }) => state === "running"));
  child.kill("SIGINT");
  await once(child, "close");
  expect(child.exitCode).toBe(130);
  expect(host.account().filter(({ state }) => state !== "killed")).toEqual([]);
});

test("elsewhere nothing is done without --yes, and the bounds are told", () => {
  const { status, stderr } = run("verify.ts", "--url", "https://warmtree.invalid", "--repo", "https://git.invalid/a/b");
  expect(stderr).toMatch(/at most \d+ minutes, 32 workspaces, \d+ sandbox seconds, \$\d+\.\d\d/);
  expect(stderr).toContain("Nothing was done.");
  expect(status).toBe(1);
});

test.each([
  ["verify", ["--frob"], /Unknown option '--frob'/],
  ["verify", ["--url", "warmtree"], /--url is an address/],
  ["verify", ["--url", "https://warmtree.invalid"], /--repo is needed/],
  ["verify-e2b", ["--url", "http://127.0.0.1:1"], /an address without a key/],
])("%s %s is refused in one line", (script, args, words) => {
  const { status, stderr } = run(`${script}.ts`, ...args);
  expect(stderr).toMatch(words);
  expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(2);
  expect(status).toBe(1);
});
