import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { parseConfig } from "../../src/config.ts";
import { parseRepository } from "../../src/remote/address.ts";
import { recordCloneResult } from "../../src/clone/snapshots.ts";
import type { Caller } from "../../src/workspace/caller.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

test("the log of a snapshot that could not be made holds no credential and steers no terminal", async () => {
  const logged: string[] = [];
  vi.spyOn(console, "warn").mockImplementation((line: string) => logged.push(line));
  const settings = { E2B_API_KEY: "e2b_0123456789abcdef", GITHUB_TOKEN: "ghp_of-the-operator" };
  const token = "ghp_of-the-caller";
  const said = [token, ...Object.values(settings)];
  const config = parseConfig(settings);
  const failing = {
    ...env,
    get SANDBOX_POOL(): Env["SANDBOX_POOL"] {
      throw new Error(`\x1b[31mthe host said ${said.join(" ")}`);
    },
  };
  const caller: Caller = {
    tenant: "acme",
    gitTokens: new Map([["https://github.com", token]]),
    env: failing,
    config,
    waitUntil: () => undefined,
    cost: { objectCalls: 0, sandboxMs: 0 },
  };
  await recordCloneResult(
    caller,
    parseRepository("https://github.com/o/r", config.allowedGitHosts),
    "s0-00000000000000000000",
    {
      repo_url: "https://github.com/o/r",
      branch: "main",
      head: "0".repeat(40),
      base: "main",
      created: true,
      shallow: false,
      filter: null,
      sparse: [],
      submodules: [],
      timing: { fetch_ms: 5, checkout_ms: 5 },
    },
  );
  expect(logged.map((line) => JSON.parse(line))).toEqual([
    {
      event: "snapshot_not_made",
      repository: "github.com/o/r",
      error: `Error: the host said ${said.map(() => "[redacted]").join(" ")}`,
    },
  ]);
});
