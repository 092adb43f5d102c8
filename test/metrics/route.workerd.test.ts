import { createExecutionContext, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { configOf } from "../../src/config.ts";
import type { Metrics } from "../../src/durable/Metrics.ts";
import { execute } from "../../src/facade.ts";
import app from "../../src/index.ts";
import { COUNTED, seriesOf } from "../../src/metrics/series.ts";
import { traceIdOf } from "../../src/metrics/trace.ts";
import type { Caller } from "../../src/workspace/caller.ts";
import { TOTAL_SERIES } from "./support.ts";

const LOCAL = "http://127.0.0.1:8787/metrics";
const REMOTE = "https://warmtree.example/metrics";
const API_KEY = "wt_key-of-acme";
const KEYED = {
  ...env,
  METRICS_KEY: "a-key-of-the-operator's-own",
  API_KEYS: "acme=ded96e4cc00dc55774b14d9e3aeddcccd1448d25055366b185b5d89eb4457d4b",
};

async function scrape(url: string, headers: Record<string, string> = {}, settings: object = env, method = "GET") {
  return app.fetch(new Request(url, { headers, method }), settings, createExecutionContext());
}

/** Returns the present value of a series, as a scraper sees it. */
async function exposed(series: string): Promise<number> {
  const lines = (await (await scrape(LOCAL)).text()).split("\n");
  const line = lines.find((text) => text.startsWith(`${series} `));
  return Number(line?.slice(series.length));
}

describe("GET /metrics", () => {
  test("answers text, or OpenMetrics to those who ask for it", async () => {
    const text = await scrape(LOCAL);
    expect([text.status, text.headers.get("Content-Type"), text.headers.get("Vary")]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8",
      "Accept",
    ]);
    expect(await text.text()).not.toContain("# EOF");
    const openmetrics = await scrape(LOCAL, {
      Accept: "application/openmetrics-text; version=1.0.0, text/plain;q=0.5",
    });
    expect(openmetrics.headers.get("Content-Type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(new TextDecoder().decode(await openmetrics.arrayBuffer()).endsWith("\n# EOF\n")).toBe(true);
  });

  test("without METRICS_KEY serves its own machine only", async () => {
    for (const url of [LOCAL, LOCAL.replace("127.0.0.1", "localhost"), LOCAL.replace("127.0.0.1", "[::1]")]) {
      expect((await scrape(url)).status).toBe(200);
    }
    expect((await scrape(LOCAL, {}, { ...env, LOOPBACK_ACCESS: "keyed" })).status).toBe(401);
    for (const url of [REMOTE, "http://127.0.0.1.example/metrics"]) {
      const response = await scrape(url, { Authorization: "Bearer anything-at-all" });
      expect(response.status).toBe(401);
      expect(response.headers.get("WWW-Authenticate")).toBe('Bearer realm="warmtree metrics"');
      expect(await response.json()).toMatchObject({
        code: "unauthenticated",
        detail: expect.stringMatching(/METRICS_KEY/),
      });
    }
  });

  test.each([LOCAL, REMOTE])("with METRICS_KEY takes that key and no other at %s", async (url) => {
    const { METRICS_KEY: key } = KEYED;
    expect((await scrape(url, { Authorization: `Bearer ${key}` }, KEYED)).status).toBe(200);
    const wrong = [
      "",
      "Bearer",
      `Basic ${btoa(`x:${key}`)}`,
      `Bearer ${key}x`,
      `Bearer ${key.slice(1)}`,
      `Bearer ${API_KEY}`,
      "Bearer dev",
    ];
    for (const authorization of wrong) {
      const response = await scrape(url, authorization === "" ? {} : { Authorization: authorization }, KEYED);
      expect([authorization, response.status]).toEqual([authorization, 401]);
      expect(response.headers.get("Content-Type")).toBe("application/problem+json");
      expect(await response.text()).not.toContain(key);
    }
  });

  test("the key opens nothing else", async () => {
    const headers = { Authorization: `Bearer ${KEYED.METRICS_KEY}` };
    expect((await scrape(REMOTE.replace("metrics", "v1/workspaces"), headers, KEYED)).status).toBe(401);
  });

  test("is read only, and has a HEAD", async () => {
    expect((await scrape(LOCAL, {}, env, "POST")).status).toBe(405);
    const head = await scrape(LOCAL, {}, env, "HEAD");
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  test.each([
    ["METRICS_KEY", "short"],
    ["METRICS_SHARDS", "33"],
    ["METRICS_SHARDS", "-1"],
  ])("a wrong %s is named", async (name, value) => {
    const response = await scrape(LOCAL, {}, { ...env, [name]: value });
    expect([response.status, await response.json()]).toMatchObject([503, { detail: expect.stringContaining(name) }]);
  });

  test("says that nothing is recorded where METRICS_SHARDS is 0", async () => {
    const response = await scrape(LOCAL, {}, { ...env, METRICS_SHARDS: "0" });
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { detail: expect.stringContaining("METRICS_SHARDS") },
    ]);
  });

  test("adds up all shards", async () => {
    const series = seriesOf("git_operation_errors_total", { operation: "push", error_type: "network" });
    for (const shard of ["0", "1", "2"]) {
      await env.METRICS.getByName(shard).add({
        id: shard,
        deltas: new Map([[series, 1]]),
        exemplars: new Map(),
        ended: [],
      });
    }
    const text = await (await scrape(LOCAL, {}, { ...env, METRICS_SHARDS: "3" })).text();
    expect(text).toContain(`\n${series} 3\n`);
  });
});

describe("the trace of a request", () => {
  const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
  const SPAN_ID = "b7ad6b7169203331";

  test.each([
    [`00-${TRACE_ID}-${SPAN_ID}-01`, TRACE_ID],
    [`00-${TRACE_ID}-${SPAN_ID}-03`, TRACE_ID],
    [`00-${TRACE_ID}-${SPAN_ID}-00`, undefined],
    [`00-${"0".repeat(32)}-${SPAN_ID}-01`, undefined],
    [`00-${TRACE_ID.toUpperCase()}-${SPAN_ID}-01`, undefined],
    [`01-${TRACE_ID}-${SPAN_ID}-01-more`, undefined],
    [`${TRACE_ID}"} 1`, undefined],
    ["", undefined],
  ])("traceparent '%s' is %s", (traceparent, traceId) => {
    expect(traceIdOf(new Request(LOCAL, { headers: { traceparent } }))).toBe(traceId);
  });
});

/**
 * Runs operations of as many tenants, repositories and agents, all at once. They end at the allow list, or at a name of
 * no operation: they take the facade's whole way, without a sandbox.
 */
async function operate(numbers: readonly number[]): Promise<void> {
  const settings = { ...env };
  const context = createExecutionContext();
  const calls = numbers.map((number) => {
    const caller: Caller = {
      tenant: `tenant-${number}`,
      env: settings,
      config: configOf(settings),
      waitUntil: (work) => context.waitUntil(work),
      cost: { objectCalls: 0, sandboxMs: 0 },
    };
    const clone = {
      repo_url: `https://host-${number}.example/o/r`,
      agent_id: `agent-${number}`,
      task_id: `t${number}`,
    };
    return number % 2 === 0 ? execute("clone", clone, caller) : execute(`operation-${number}`, {}, caller);
  });
  const ends = await Promise.allSettled(calls);
  expect(ends.filter(({ status }) => status === "fulfilled")).toEqual([]);
}

const numbersTo = (count: number) => Array.from({ length: count }, (_, number) => number);
const started = async () =>
  (await exposed('git_operations_total{operation="clone",status="started"}')) +
  (await exposed('git_operations_total{operation="other",status="started"}'));
const counted = (count: number) => expect.poll(started).toBeGreaterThanOrEqual(count);

describe("10,000 tenants, repositories and agents", () => {
  const TENANTS = 10_000;
  const AT_ONCE = 500;

  test("the first 500, all at once, cause at most 10 flushes", async () => {
    await operate(numbersTo(AT_ONCE));
    await counted(AT_ONCE);
    expect(await exposed("warmtree_metrics_flushes_total")).toBeLessThanOrEqual(10);
  });

  test("after all of them there are as many series as ever", async () => {
    for (let first = AT_ONCE; first < TENANTS; first += AT_ONCE) await operate(numbersTo(first + AT_ONCE).slice(first));
    await counted(TENANTS);
    const lines = (await (await scrape(LOCAL)).text()).split("\n");
    expect(lines.filter((line) => line !== "" && !line.startsWith("#"))).toHaveLength(TOTAL_SERIES);
    const rows = await runInDurableObject(env.METRICS.getByName("0"), (_: Metrics, state) =>
      state.storage.sql.exec("SELECT series FROM count").toArray(),
    );
    expect(rows.map(({ series }) => series).filter((series) => !COUNTED.has(String(series)))).toEqual([]);
  });

  test.each([
    ['git_operations_total{operation="clone",status="started"}', TENANTS / 2],
    ['git_operations_total{operation="clone",status="failure"}', TENANTS / 2],
    ['git_operation_errors_total{operation="clone",error_type="auth"}', TENANTS / 2],
    ['git_operations_total{operation="other",status="failure"}', TENANTS / 2],
    ['git_operation_errors_total{operation="other",error_type="other"}', TENANTS / 2],
    ['git_operations_total{operation="other",status="success"}', 0],
  ])("each is counted once: %s is %i", async (series, total) => {
    expect(await exposed(series)).toBe(total);
  });
});
