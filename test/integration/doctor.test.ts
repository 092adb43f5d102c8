import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import * as z from "zod/v4";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { listen } from "../../scripts/support/listen.ts";
import { ROOT } from "../../scripts/support/tools.ts";
import { startWorkerd } from "../../scripts/support/workerd.ts";
import { freePort } from "../../scripts/support/free-port.ts";

const reportSchema = z.object({
  ok: z.boolean(),
  url: z.string(),
  checks: z.array(z.object({ name: z.string(), verdict: z.string(), found: z.string(), mend: z.string().optional() })),
});
const failedSchema = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() });

const DOCTOR = [join(ROOT, "scripts", "run.mjs"), join(ROOT, "scripts", "doctor.ts")];

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const { WARMTREE_KEY: _, OPERATOR_KEY: __, ...rest } = process.env;
  const done = promisify(execFile)(process.execPath, [...DOCTOR, ...args], { env: { ...rest, ...env } });
  const ended = await done.catch((error: unknown) => failedSchema.parse(error));
  return { code: 0, ...ended };
}

async function examined(url: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  const { code, stdout } = await run(["--url", url, "--json", ...args], env);
  const { ok, checks } = reportSchema.parse(JSON.parse(stdout));
  expect(code).toBe(ok ? 0 : 1);
  return Object.fromEntries(checks.map(({ name, ...finding }) => [name, finding]));
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${await listen(server)}`;
}

describe("a Warmtree", () => {
  const OPERATOR_KEY = "the-operator-key-of-this-test";
  const KEY = "a-key-of-acme";
  const API_KEYS = `acme=${createHash("sha256").update(KEY).digest("hex")}`;
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({
      isolation: "none",
      bindings: { OPERATOR_KEY, API_KEYS, E2B_MAX_SANDBOXES: "7", E2B_MONTHLY_BUDGET_USD: "none" },
    });
  });
  afterAll(() => stack.close());

  test.each([
    ["--key", ["--key", KEY], {}],
    ["WARMTREE_KEY", [], { WARMTREE_KEY: KEY }],
    ["OPERATOR_KEY", [], { OPERATOR_KEY }],
  ])("with %s, each line says what is there and what mends the rest; nothing is made", async (_, args, env) => {
    const before = stack.host.counters().control;
    const found = await examined(stack.url, args, env);
    expect(found).toMatchObject({
      reachable: { verdict: "ok" },
      Warmtree: { verdict: "ok", found: expect.stringMatching(/^version \d/) },
      settings: { verdict: "ok" },
      credentials: { verdict: "ok" },
      sandboxes: { verdict: "advised", mend: expect.stringContaining("PUBLIC_URL") },
      key: { verdict: "ok" },
      "E2B key": { verdict: "ok" },
      room: { verdict: "ok", found: "0 of 7 sandboxes run" },
      "warm pool": { verdict: "ok" },
      "git hosts": { verdict: "ok", found: expect.stringContaining(stack.git.url) },
      "operator key": { verdict: "ok" },
      "metrics key": { verdict: "advised", mend: "npx wrangler secret put METRICS_KEY" },
      budget: { verdict: "advised", mend: expect.stringContaining("E2B_MONTHLY_BUDGET_USD") },
      template: { verdict: "advised", mend: expect.stringContaining("workflows trigger") },
      "weekly build": { verdict: "ok" },
    });
    expect(stack.host.account()).toEqual([]);
    // The list of sandboxes.
    expect(stack.host.counters().control - before).toBe(1);
  });

  test("without a key, or with a wrong one, it says what can be said", async () => {
    // On this machine it tries the key of `npm start`.
    expect(await examined(stack.url)).toMatchObject({
      settings: { verdict: "ok" },
      key: { verdict: "missing", mend: expect.stringContaining("npm run key") },
    });
    const { stdout, code } = await run(["--url", stack.url, "--key", "wrong"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ok {7}reachable .*\n(?:.*\n)*missing {2}key .*\n +npm run key -- <tenant>/);
    expect(stdout).not.toContain("wrong");
  });

  test("E2B that refuses the key, and E2B that is not there", async () => {
    const refuses = await serve((_, response) =>
      response.writeHead(401).end(JSON.stringify({ code: 401, message: "no" })),
    );
    for (const [address, mend] of [
      [refuses, "npx wrangler secret put E2B_API_KEY"],
      [`http://127.0.0.1:${await freePort()}`, expect.stringContaining("status.e2b.dev")],
    ] as const) {
      const bindings = { E2B_API_KEY: "k", E2B_API_URL: address, POOL_MIN: "0", POOL_MAX: "0" };
      const worker = await startWorkerd({ bindings });
      onTestFinished(() => worker.close());
      const found = await examined(worker.url);
      expect(found).toMatchObject({ key: { verdict: "ok" }, "E2B key": { verdict: "missing", mend } });
      expect(found["room"]).toMatchObject({ verdict: "unknown" });
    }
  });

  test("a setting that is missing is named, with the command for it", async () => {
    const worker = await startWorkerd({ bindings: {} });
    onTestFinished(() => worker.close());
    expect(await examined(worker.url)).toMatchObject({
      reachable: { verdict: "ok" },
      settings: { verdict: "missing", mend: expect.stringContaining("secret put E2B_API_KEY") },
    });
  });
});

describe("what is no Warmtree gets no key", () => {
  test.each<[string, RequestListener]>([
    ["a page", (_, response) => response.end("<h1>Welcome</h1>")],
    ["other JSON", (_, response) => response.end('{"ok":true}')],
    ["a redirect", (_, response) => response.writeHead(302, { Location: "/elsewhere" }).end()],
    ["an error", (_, response) => response.writeHead(500).end()],
  ])("%s", async (_, listener) => {
    const asked: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      asked.push(request.url, request.headers.authorization);
      listener(request, response);
    });
    expect(await examined(url, ["--key", "a-secret"])).toEqual({
      reachable: expect.objectContaining({ verdict: "ok" }),
      Warmtree: expect.objectContaining({ verdict: "missing" }),
    });
    expect(asked).toEqual(["/healthz", undefined]);
  });

  test("nobody at all", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    expect(await examined(url)).toEqual({ reachable: expect.objectContaining({ verdict: "missing" }) });
  });
});

test.each([
  [["--url", "warmtree.example"], "--url is an address"],
  [[], "--url is an address"],
  [["--url", "http://warmtree.example"], "--url begins with https"],
  [["--frob"], "Unknown option"],
])("%j is refused in one line", async (args, reason) => {
  const { code, stdout, stderr } = await run(args);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(new RegExp(`^${reason}.*\n$`));
});

test("--help tells all options", async () => {
  const { code, stdout } = await run(["--help"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/--url <address>[^]*--key <key>[^]*--json/);
});
