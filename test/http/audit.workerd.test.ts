import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NOT_FOUND } from "../../src/durable/sandboxes/refusal.ts";
import app from "../../src/index.ts";
import { SECRET_SETTINGS, SETTINGS as NAMES } from "../../src/settings/settings.ts";
import { keysFor, sha256 } from "../support/api-keys.ts";

const KEY = "wt_key-of-acme-0123456789";
const SANDBOX_ID = "s0-4k7m2x9qwe3rty5zpbna";
const GIT_TOKEN = "ghp_of-the-caller-9f8e";
const SETTINGS = {
  ...env,
  API_KEYS: await keysFor({ [KEY]: "acme" }),
  OPERATOR_KEY: "a-key-of-the-operator's-own",
  METRICS_KEY: "a-key-of-the-scraper's-own",
  GITHUB_TOKEN: "ghp_of-the-operator-1a2b",
  LEASE_KEY: `${"A".repeat(42)}E=,${"B".repeat(42)}E=`,
  METRICS_SHARDS: "0",
};
const SECRETS = [KEY, GIT_TOKEN, SETTINGS.OPERATOR_KEY, SETTINGS.METRICS_KEY, SETTINGS.GITHUB_TOKEN];
const WHO = { tenant: "acme", key: (await sha256(KEY)).slice(0, 12) };

let logged: string[];
beforeEach(() => {
  logged = [];
  for (const method of ["log", "warn", "error"] as const) {
    vi.spyOn(console, method).mockImplementation((line: unknown) => logged.push(String(line)));
  }
});
afterEach(() => {
  vi.restoreAllMocks();
});
const lines = () => logged.map((line): unknown => JSON.parse(line));

/** Returns a pool that answers a use with the result of `use`. */
const poolOf = (use: () => unknown) => ({ getByName: () => ({ use: async () => use(), list: async () => [] }) });

interface Sent {
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly pool?: object;
}

async function send(path: string, { body, headers, method, pool = poolOf(() => NOT_FOUND) }: Sent = {}) {
  const init = {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: {
      Authorization: `Bearer ${KEY}`,
      "X-Git-Token": GIT_TOKEN,
      "Content-Type": "application/json",
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  };
  const request = new Request(`https://warmtree.example${path}`, init);
  const response = await app.fetch(request, { ...SETTINGS, SANDBOX_POOL: pool }, createExecutionContext());
  return { response, requestId: response.headers.get("X-Request-Id"), text: await response.text() };
}

const status = (sent: Sent = {}) => send("/v1/git/status", { body: { sandbox_id: SANDBOX_ID }, ...sent });
const tool = (name: string, args: object, sent: Sent = {}) =>
  send("/mcp", {
    body: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } },
    ...sent,
  });

describe("one line", () => {
  test("for an operation, whatever becomes of it, with the id that its answer has", async () => {
    const { requestId } = await status();
    expect(lines()).toEqual([
      {
        event: "audit",
        of: "operation",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        request_id: requestId,
        ...WHO,
        what: "status",
        verdict: "refused",
        code: "workspace_not_found",
        ms: expect.any(Number),
      },
    ]);
  });

  test("for a refused request of MCP that calls no tool, and none for one that is let in", async () => {
    const list = { jsonrpc: "2.0", id: 1, method: "tools/list", params: {} };
    expect((await send("/mcp", { body: list })).text).toContain("git_status");
    expect(lines()).toEqual([]);
    // A batch may contain anything.
    await send("/mcp", { body: [list] });
    expect(lines()).toMatchObject([{ what: "POST /mcp" }]);
    logged.length = 0;
    await send("/mcp", { body: list, headers: { Authorization: "" } });
    expect(lines()).toMatchObject([{ what: "POST /mcp", verdict: "refused", code: "unauthenticated", status: 401 }]);
  });

  test("for the steps of a tool call in a stream, although the answer begins before they do", async () => {
    const steps = Array.from({ length: 20 }, () => ({ op: "status", sandbox_id: SANDBOX_ID }));
    const headers = { Accept: "application/json, text/event-stream" };
    const { text } = await tool("git_run", { steps }, { headers });
    expect(text).toContain("workspace_not_found");
    // The first step fails, and ends the run.
    await vi.waitFor(() => expect(lines()).toMatchObject([{ of: "operation", what: "status" }]));
  });

  test("for a tool call in a stream whose input is refused", async () => {
    const headers = { Accept: "application/json, text/event-stream" };
    await tool("git_run", { steps: "none" }, { headers });
    await vi.waitFor(() => expect(lines()).toMatchObject([{ what: "POST /mcp", code: "invalid_input" }]));
  });

  test("for an operation that failed unexpectedly: with the error, and without a secret", async () => {
    const pool = poolOf(() => {
      throw new Error(`boom with ${SECRETS.join(" ")}`, { cause: new Error("the root") });
    });
    const { response, text } = await status({ pool });
    expect([response.status, text.includes("boom")]).toEqual([500, false]);
    const failure = { level: "error", what: "status", verdict: "allowed", code: "internal", ...WHO };
    expect(lines()).toMatchObject([{ ...failure, error: expect.stringMatching(/boom with[^]*caused by: .*the root/) }]);
    for (const secret of SECRETS) expect(logged[0]).not.toContain(secret);
  });

  test.each<[string, () => Promise<unknown>, object]>([
    [
      "without a key",
      () => status({ headers: { Authorization: "" } }),
      { what: "POST /v1/git/:operation", code: "unauthenticated", status: 401 },
    ],
    [
      "with a body that is no JSON",
      () => status({ body: "{", headers: { "Content-Length": "1" } }),
      { ...WHO, what: "POST /v1/git/:operation", code: "invalid_input", status: 400, bytes_in: 1 },
    ],
    [
      "of a tool without its parameters",
      () => tool("git_run", { steps: "none" }),
      { ...WHO, what: "POST /mcp", code: "invalid_input", status: 200 },
    ],
    [
      "to the operator's routes with another key",
      () => send("/v1/operator/overview"),
      { what: "GET /v1/operator/overview", code: "unauthenticated", status: 401 },
    ],
    [
      "to a path that is not there",
      () => send(`/v1/nothing/${GIT_TOKEN}?token=${GIT_TOKEN}`),
      { code: "not_found", status: 404 },
    ],
    [
      "of git without a lease",
      () => send("/broker/github.com/a/b.git/info/refs?service=git-receive-pack"),
      { of: "broker", what: "git-receive-pack", code: "lease_invalid", status: 403 },
    ],
  ])("for a refused request %s", async (_, call, expected) => {
    await call();
    expect(lines()).toMatchObject([{ of: "request", verdict: "refused", ...expected }]);
    for (const secret of SECRETS) expect(logged.join()).not.toContain(secret);
    expect(logged.join()).not.toContain("?");
  });

  test("for each step of a git_run that was begun", async () => {
    const step = { op: "status", sandbox_id: SANDBOX_ID };
    const { requestId } = await tool("git_run", { steps: [step, step] });
    const line = { of: "operation", request_id: requestId, ...WHO, what: "status", code: "workspace_not_found" };
    expect(lines()).toMatchObject([line]);
  });

  test("for a request that changes something without being an operation", async () => {
    const pool = { getByName: () => ({ end: async () => true }) };
    await send(`/v1/workspaces/${SANDBOX_ID}`, { method: "DELETE", pool });
    const what = "DELETE /v1/workspaces/:sandbox_id";
    expect(lines()).toMatchObject([
      { of: "request", ...WHO, what, sandbox_id: SANDBOX_ID, verdict: "allowed", status: 204 },
    ]);
  });
});

test.each(["/healthz", "/openapi.json", "/", "/llms.txt", "/v1/workspaces", "/nothing"])(
  "%s is only read: no line",
  async (path) => {
    await send(path);
    expect(lines()).toEqual([]);
  },
);

test("no line has a secret of the call or of the settings, wherever they come in", async () => {
  const secret = fc.string({
    unit: fc.constantFrom(...Array.from("abcXYZ019_-.~!$'()*")),
    minLength: 20,
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(secret, fc.nat({ max: 5 }), async (token, where) => {
      const at = (place: number) => (where === place ? token : "x");
      const wrap = [(text: string) => text, btoa, encodeURIComponent, JSON.stringify][where % 4] ?? String;
      const pool = poolOf(() => {
        throw new Error(`it said Bearer ${wrap(token)}`);
      });
      const headers = { "X-Git-Token": `github.com=${token}` };
      const input = { sandbox_id: SANDBOX_ID, [at(1)]: at(2) };
      for (const body of [{ sandbox_id: SANDBOX_ID }, input]) await status({ headers, pool, body });
      await tool(at(3), { sandbox_id: at(4) }, { headers, pool });
      await send(`/v1/workspaces/${encodeURIComponent(at(5))}?q=${encodeURIComponent(token)}`, { headers, pool });
      await send(`/broker/github.com/${encodeURIComponent(token)}.git/info/refs?service=git-upload-pack`, { headers });
      await send("/v1/git/push", { headers: { Authorization: `Bearer ${token}` }, body: { sandbox_id: SANDBOX_ID } });
      expect(logged.length).toBeGreaterThan(3);
      const inBase64 = btoa(token).replace(/=*$/, "").slice(0, -1);
      expect([token, inBase64].filter((form) => logged.join("\n").includes(form))).toEqual([]);
      logged.length = 0;
    }),
  );
});

test("every setting that is a key or a token is known as a secret", () => {
  const looks = NAMES.filter((name) => /KEY|TOKEN|SECRET|PASS/.test(name) && name !== "API_KEYS");
  expect([...SECRET_SETTINGS].toSorted()).toEqual(looks.toSorted());
});
