import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import type * as z from "zod/v4";
import { workspacePageSchema } from "../../src/api/operator-schemas.ts";
import app from "../../src/index.ts";
import { overviewSchema } from "../../src/metrics/overview-schema.ts";
import { seriesOf } from "../../src/metrics/series.ts";
import { granted, workspace } from "../durable/support.ts";

const LOCAL = "http://127.0.0.1:8787";
const REMOTE = "https://warmtree.example";
const API_KEY = "wt_key-of-acme";
const KEYED = {
  ...env,
  POOL_SHARDS: "3",
  // Keeps these tests from starting a build.
  E2B_TEMPLATE: "base",
  OPERATOR_KEY: "a-key-of-the-operator's-own",
  METRICS_KEY: "a-key-of-the-scraper's-own",
  API_KEYS: "acme=ded96e4cc00dc55774b14d9e3aeddcccd1448d25055366b185b5d89eb4457d4b",
};
const AUTHORIZED = { Authorization: `Bearer ${KEYED.OPERATOR_KEY}` };
const NO_WORKSPACE = "s0-00000000000000000000";

async function send(
  path: string,
  init: RequestInit = { headers: AUTHORIZED },
  settings: object = KEYED,
  base = REMOTE,
): Promise<Response> {
  return app.fetch(new Request(`${base}/v1/operator/${path}`, init), settings, createExecutionContext());
}
const asOperator = (method: string, path: string) => send(path, { method, headers: AUTHORIZED });

const ROUTES: [method: string, path: string][] = [
  ["GET", "overview"],
  ["GET", "workspaces"],
  ["GET", `workspaces/${NO_WORKSPACE}`],
  ["DELETE", `workspaces/${NO_WORKSPACE}`],
  ["POST", `workspaces/${NO_WORKSPACE}/pause`],
  ["POST", `workspaces/${NO_WORKSPACE}/status`],
  ["POST", "template/builds"],
];
const NOTHING_THERE = new RegExp(`${NO_WORKSPACE}|builds$`);

describe.each(ROUTES)("the gate before %s %s", (method, path) => {
  test("takes OPERATOR_KEY and no other key", async () => {
    const { status } = await asOperator(method, path);
    expect(status).toBe(NOTHING_THERE.test(path) ? 404 : 200);
    for (const key of ["", `${KEYED.OPERATOR_KEY}x`, KEYED.METRICS_KEY, API_KEY, "dev"]) {
      const response = await send(path, { method, headers: key === "" ? {} : { Authorization: `Bearer ${key}` } });
      expect([key, response.status]).toEqual([key, 401]);
      expect(response.headers.get("WWW-Authenticate")).toContain('Bearer realm="warmtree operator"');
      expect(await response.json()).toMatchObject({ detail: expect.stringContaining("OPERATOR_KEY") });
    }
  });

  test("without OPERATOR_KEY lets in its own machine, and no page of another site there", async () => {
    const unset = { ...KEYED, OPERATOR_KEY: undefined };
    const statusFor = async (base: string, headers = {}) => (await send(path, { method, headers }, unset, base)).status;
    expect(await statusFor(REMOTE, { Authorization: "Bearer undefined" })).toBe(401);
    expect(await statusFor("http://127.0.0.1.example")).toBe(401);
    for (const site of ["cross-site", "same-site"]) {
      expect(await statusFor(LOCAL, { "Sec-Fetch-Site": site })).toBe(401);
    }
    // Older browsers send only the page's origin.
    for (const origin of ["https://evil.example", "http://127.0.0.1:8788", "http://localhost:8787", "null"]) {
      expect(await statusFor(LOCAL, { Origin: origin })).toBe(401);
    }
    const own = [{}, { "Sec-Fetch-Site": "same-origin" }, { "Sec-Fetch-Site": "none" }, { Origin: LOCAL }];
    for (const headers of own) expect(await statusFor(LOCAL, headers)).not.toBe(401);
    const keyed = { ...unset, LOOPBACK_ACCESS: "keyed" };
    expect((await send(path, { method }, keyed, LOCAL)).status).toBe(401);
  });
});

test("the key opens nothing else", async () => {
  for (const path of ["/v1/workspaces", "/metrics"]) {
    const request = new Request(REMOTE + path, { headers: AUTHORIZED });
    expect((await app.fetch(request, KEYED, createExecutionContext())).status).toBe(401);
  }
});

test.each(["short", "sixteen or more with spaces"])("OPERATOR_KEY '%s' is refused by name", async (key) => {
  const response = await send("overview", {}, { ...KEYED, OPERATOR_KEY: key });
  const problem = await response.text();
  expect([response.status, problem]).toEqual([503, expect.stringContaining("OPERATOR_KEY")]);
  expect(problem).not.toContain(key);
});

test("no template is built where the operator named one", async () => {
  const problem: unknown = await (await asOperator("POST", "template/builds")).json();
  expect(problem).toMatchObject({ code: "not_found", detail: expect.stringContaining("E2B_TEMPLATE") });
});

describe("the overview", () => {
  /** Settings with which any call of the pool fails. */
  const NO_POOL = { ...KEYED, SANDBOX_POOL: undefined };

  beforeAll(async () => {
    const success = seriesOf("git_operations_total", { operation: "push", status: "success" });
    await env.METRICS.getByName("0").add({
      id: "one",
      deltas: new Map([[success, 3]]),
      exemplars: new Map(),
      ended: [{ at: Date.now(), operation: "push", tenant: "acme", seconds: 0.5, sandboxId: NO_WORKSPACE }],
    });
  });

  test.each([
    ["overview", 15],
    ["overview?minutes=5", 5],
    ["overview?minutes=60", 60],
  ])("%s looks back %i minutes, and asks no shard of the pool", async (path, minutes) => {
    const response = await send(path, { headers: AUTHORIZED }, NO_POOL);
    const overview = overviewSchema.parse(await response.json());
    expect(overview).toMatchObject({ minutes, operations: { succeeded: 3 }, newest: [{ tenant: "acme" }] });
    expect(overview.points.slice(-2).map(({ succeeded }) => succeeded)).toContain(3);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
  });

  test.each(["minutes=61", "minutes=", "minutes=15&limit=1"])("refuses ?%s", async (query) => {
    const response = await send(`overview?${query}`);
    expect([response.status, await response.json()]).toMatchObject([400, { field: expect.any(String) }]);
  });

  test("says that nothing is recorded where METRICS_SHARDS is 0", async () => {
    const response = await send("overview", { headers: AUTHORIZED }, { ...KEYED, METRICS_SHARDS: "0" });
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { detail: expect.stringMatching(/METRICS_SHARDS/) },
    ]);
  });
});

describe("workspaces", () => {
  type Page = z.output<typeof workspacePageSchema>;
  const page = async (query = ""): Promise<Page> =>
    workspacePageSchema.parse(await (await send(`workspaces${query}`)).json());
  const one = async (sandboxId: string) => (await send(`workspaces/${sandboxId}`)).json();
  const claim = async (shard: string, agent: string, tenant: string) =>
    granted(await env.SANDBOX_POOL.getByName(shard).claim(workspace(agent, tenant))).sandboxId;

  let claimed: string[];
  beforeAll(async () => {
    claimed = [];
    for (const [index, tenant] of ["acme", "other", "acme", "third", "other"].entries()) {
      claimed.push(await claim(String(index % 3), `agent-${index}`, tenant));
    }
  });

  test("of all tenants and shards, last used first, page by page, each once", async () => {
    const { workspaces: all, cursor: none } = await page();
    expect(none).toBeUndefined();
    expect(all.map(({ sandbox_id, tenant }) => [sandbox_id, tenant])).toEqual(
      claimed.toReversed().map((sandboxId, index) => [sandboxId, ["other", "third", "acme", "other", "acme"][index]]),
    );
    expect(all[0]).toMatchObject({ state: "bound", tier: "active", agent_id: "agent-4" });
    const paged: Page["workspaces"] = [];
    let cursor: string | undefined;
    do {
      const next = await page(`?limit=2${cursor === undefined ? "" : `&cursor=${cursor}`}`);
      paged.push(...next.workspaces);
      ({ cursor } = next);
    } while (cursor !== undefined);
    expect(paged).toEqual(all);
  });

  test("are found by tenant, and by a part of repository, agent, task or handle, page by page", async () => {
    const { workspaces: all } = await page();
    const found = async (query: string) => (await page(query)).workspaces;
    expect(await found("?tenant=acme")).toEqual([all[2], all[4]]);
    expect(await found("?tenant=acm")).toEqual([]);
    expect(await found("?tenant=acme&text=AGENT-0")).toEqual([all[4]]);
    expect(await found("?tenant=acme&text=agent-1")).toEqual([]);
    expect(await found(`?text=${all[2]?.sandbox_id}`)).toEqual(all.slice(2, 3));
    expect(await found(`?text=${encodeURIComponent(all[0]?.repository ?? "")}`)).toEqual(all);
    expect(await found("?text=%25")).toEqual([]);
    const first = await page("?text=agent&limit=2");
    expect(first.workspaces).toEqual(all.slice(0, 2));
    expect(await found(`?text=agent&limit=2&cursor=${first.cursor}`)).toEqual(all.slice(2, 4));
  });

  test.each(["cursor=x", "cursor=1.s0-short", "limit=0", "limit=201", "owner=acme", `text=${"x".repeat(201)}`])(
    "refuses ?%s",
    async (query) => {
      expect((await send(`workspaces?${query}`)).status).toBe(400);
    },
  );

  test("one is paused, looked at without being resumed, used, and ended", async () => {
    const [id = ""] = claimed;
    const logged = vi.spyOn(console, "log").mockImplementation(() => {});
    expect((await asOperator("POST", `workspaces/${id}/pause`)).status).toBe(204);
    for (let looks = 0; looks < 2; looks++) {
      expect(await one(id)).toMatchObject({ sandbox_id: id, tenant: "acme", state: "paused", tier: "cold" });
    }
    // The sandbox has no clone: the answer is git's own, as its owner would get it.
    const status = await asOperator("POST", `workspaces/${id}/status`);
    expect([status.status, await status.json()]).toMatchObject([409, { code: "not_cloned" }]);
    expect(await one(id)).toMatchObject({ state: "bound", tier: "active" });
    expect((await asOperator("DELETE", `workspaces/${id}`)).status).toBe(204);
    expect(await one(id)).toMatchObject({ state: "gone" });
    expect((await page()).workspaces.map(({ sandbox_id }) => sandbox_id)).not.toContain(id);
    const lines = logged.mock.calls.map(([line]): unknown => JSON.parse(String(line)));
    const about = { event: "audit", actor: "operator", tenant: "acme", sandbox_id: id };
    expect(lines).toMatchObject([
      { ...about, what: "POST /v1/operator/workspaces/:sandbox_id/pause", verdict: "allowed", status: 204 },
      { ...about, what: "status", verdict: "allowed", code: "not_cloned" },
      { ...about, what: "DELETE /v1/operator/workspaces/:sandbox_id", verdict: "allowed", status: 204 },
    ]);
    logged.mockRestore();
  });

  test.each(["s0-00000000000000000000", "s9-00000000000000000000", "no-handle", "%2e%2e"])(
    "there is none named %s",
    async (id) => {
      const response = await send(`workspaces/${id}`);
      expect([response.status, await response.json()]).toMatchObject([404, {}]);
    },
  );
});
