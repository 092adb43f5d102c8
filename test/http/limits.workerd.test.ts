import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import * as z from "zod/v4";
import { problemSchema } from "../../src/api/schemas.ts";
import { NOT_FOUND, tooManyWorkspaces } from "../../src/durable/sandboxes/refusal.ts";
import app from "../../src/index.ts";
import { keysFor } from "../support/api-keys.ts";

const KEYS = { first: "acme", second: "acme", third: "globex" };
const SANDBOX_ID = "s0-4k7m2x9qwe3rty5zpbna";
const RATE_LIMITED = { code: "rate_limited", retryable: true };

/** A pool with the calls that these tests make: it answers when a test tells it to. */
class FakePool {
  used = 0;
  claimed = 0;
  readonly #gate = Promise.withResolvers<void>();
  open = () => this.#gate.resolve();
  getByName = () => ({
    use: async () => {
      this.used += 1;
      await this.#gate.promise;
      return NOT_FOUND;
    },
    claim: async () => {
      this.claimed += 1;
      return tooManyWorkspaces(7);
    },
    list: async () => [],
  });
}

/** Counts as the platform's binding does. */
class FakeLimiter {
  readonly counts = new Map<string, number>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  async limit({ key }: { key: string }): Promise<{ success: boolean }> {
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    return { success: count <= this.#limit };
  }
}

let pool: FakePool;
let settings: object;
beforeEach(async () => {
  pool = new FakePool();
  settings = { ...env, SANDBOX_POOL: pool, API_KEYS: await keysFor(KEYS), METRICS_SHARDS: "0" };
});

function send(path: string, key: keyof typeof KEYS, body?: object): Promise<Response> {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const init = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
  return Promise.resolve(
    app.fetch(new Request(`https://warmtree.example${path}`, init), settings, createExecutionContext()),
  );
}

const status = (key: keyof typeof KEYS) => send("/v1/git/status", key, { sandbox_id: SANDBOX_ID });
const list = (key: keyof typeof KEYS) => send("/v1/workspaces", key);

const toolResult = z.object({
  result: z.object({ isError: z.boolean(), content: z.tuple([z.object({ text: z.string() })]) }),
});

const tool = (key: keyof typeof KEYS, name: string, args: object) =>
  send("/mcp", key, { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } });

async function toolError(response: Response): Promise<unknown> {
  const { result } = toolResult.parse(await response.json());
  expect(result.isError).toBe(true);
  return JSON.parse(result.content[0].text);
}

async function refusal(response: Response) {
  const problem = problemSchema.parse(await response.json());
  return { status: response.status, retryAfter: response.headers.get("Retry-After"), problem };
}

describe("requests a minute", () => {
  test("of one key: its next is refused, over HTTP and MCP; other keys of its tenant go on", async () => {
    settings = { ...settings, REQUESTS_PER_KEY: new FakeLimiter(2), REQUESTS_PER_TENANT: new FakeLimiter(100) };
    for (let sent = 0; sent < 2; sent++) expect((await list("first")).status).toBe(200);
    for (const call of [list, status, (key: keyof typeof KEYS) => tool(key, "git_status", {})]) {
      const { problem, ...answer } = await refusal(await call("first"));
      expect(answer).toEqual({ status: 429, retryAfter: "60" });
      expect(problem).toMatchObject({ ...RATE_LIMITED, limit: "requests_per_key", retry_after: 60 });
      expect(problem.detail).toMatch(/^Your API key .*Nothing was done\. Wait a minute/);
    }
    expect(pool.used).toBe(0);
    for (const key of ["second", "third"] as const) expect((await list(key)).status).toBe(200);
  });

  test("of one tenant: its keys together; another tenant goes on", async () => {
    const perTenant = new FakeLimiter(2);
    settings = { ...settings, REQUESTS_PER_KEY: new FakeLimiter(1), REQUESTS_PER_TENANT: perTenant };
    expect((await list("first")).status).toBe(200);
    // Refused for its key's limit, which takes nothing from the tenant's.
    expect((await list("first")).status).toBe(429);
    expect(perTenant.counts.get("acme")).toBe(1);
    settings = { ...settings, REQUESTS_PER_KEY: new FakeLimiter(100) };
    expect((await list("second")).status).toBe(200);
    for (const key of ["first", "second"] as const) {
      const { problem, ...answer } = await refusal(await list(key));
      expect(answer).toEqual({ status: 429, retryAfter: "60" });
      expect(problem).toMatchObject({ ...RATE_LIMITED, limit: "requests_per_tenant" });
    }
    expect((await list("third")).status).toBe(200);
  });

  test("are counted for no wrong key, and for no request of git to the broker", async () => {
    const limiters = [new FakeLimiter(0), new FakeLimiter(0)];
    const [REQUESTS_PER_KEY, REQUESTS_PER_TENANT] = limiters;
    settings = { ...settings, REQUESTS_PER_KEY, REQUESTS_PER_TENANT, LEASE_KEY: "A".repeat(43) };
    const asGit = await send("/broker/github.com/a/b.git/info/refs?service=git-upload-pack", "first");
    const wrong = new Request("https://warmtree.example/v1/workspaces", { headers: { Authorization: "Bearer no" } });
    expect([asGit.status, (await app.fetch(wrong, settings, createExecutionContext())).status]).toEqual([403, 401]);
    expect(limiters.map(({ counts }) => counts.size)).toEqual([0, 0]);
  });

  test("are not limited without the bindings, or while they fail", async () => {
    const failing = { limit: () => Promise.reject(new Error("no limiter")) };
    for (const limiter of [undefined, failing]) {
      settings = { ...settings, REQUESTS_PER_KEY: limiter, REQUESTS_PER_TENANT: limiter };
      expect((await list("first")).status).toBe(200);
    }
  });

  test("are limited by bindings that wrangler.toml has", async () => {
    for (const limiter of [env.REQUESTS_PER_KEY, env.REQUESTS_PER_TENANT]) {
      expect(await limiter.limit({ key: "some" })).toEqual({ success: true });
    }
  });
});

describe("operations at once", () => {
  test("of one tenant: one more is refused, over HTTP and MCP, and reaches nothing; another tenant goes on", async () => {
    settings = { ...settings, MAX_OPERATIONS_PER_TENANT: "2" };
    const running = [status("first"), status("second")];
    await expect.poll(() => pool.used).toBe(2);
    const { problem, ...answer } = await refusal(await status("first"));
    expect(answer).toEqual({ status: 429, retryAfter: "1" });
    const expected = { ...RATE_LIMITED, limit: "operations_per_tenant", retry_after: 1 };
    const untouched = { work: { pushed: false, tree: "unchanged" } };
    expect(problem).toMatchObject({ ...expected, ...untouched });
    expect(problem.detail).toMatch(/^2 operations of your tenant .*MAX_OPERATIONS_PER_TENANT.*Nothing was done/);
    const step = { op: "status", sandbox_id: SANDBOX_ID };
    for (const [name, args] of [
      ["git_status", { sandbox_id: SANDBOX_ID }],
      ["git_run", { steps: [step, step] }],
    ] as const) {
      expect(await toolError(await tool("second", name, args))).toMatchObject({ ...expected, ...untouched });
    }
    expect(pool.used).toBe(2);
    const other = status("third");
    await expect.poll(() => pool.used).toBe(3);
    pool.open();
    expect((await Promise.all([...running, other])).map((ended) => ended.status)).toEqual([404, 404, 404]);
    expect((await status("first")).status).toBe(404);
  });
});

test("a workspace too many is refused with the way out, over HTTP and MCP", async () => {
  const clone = { repo_url: "https://github.com/octo-org/hello" };
  const { problem, ...answer } = await refusal(await send("/v1/git/clone", "first", clone));
  expect(answer).toEqual({ status: 429, retryAfter: "60" });
  const expected = { ...RATE_LIMITED, limit: "workspaces_per_tenant", retry_after: 60 };
  expect(problem).toMatchObject({ ...expected, work: { pushed: false, tree: "unchanged" } });
  expect(problem.detail).toMatch(/7 workspaces.*MAX_WORKSPACES_PER_TENANT.*Nothing was done.*DELETE/);
  expect(await toolError(await tool("first", "git_clone", clone))).toMatchObject(expected);
  expect(pool.claimed).toBe(2);
});
