import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod/v4";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { callOperation, DEV_KEY } from "../../scripts/support/client.ts";
import { DASHBOARD_QUERIES } from "../../scripts/support/dashboard.ts";
import { findPrometheus, type Prometheus, promtool, startPrometheus } from "../../scripts/harness/prometheus.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { ROOT } from "../../scripts/support/tools.ts";
import { ERROR_KINDS } from "../../src/errors.ts";
import { OPERATIONS } from "../../src/metrics/catalogue.ts";
import { DEFAULT_SIZE, usdPerSecond } from "../../src/pool/price.ts";
import { until } from "../support/until.ts";

const found = await findPrometheus();
if ("missing" in found) console.warn(`Tests with Prometheus are skipped: ${found.missing}.`);
const folder = "folder" in found ? found.folder : "";

const MONITORING = join(ROOT, "monitoring");
const METRICS_KEY = "the-metrics-key-of-this-test";
const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

describe.skipIf(folder === "")("promtool", () => {
  test.each([
    ["check", "config", "prometheus.yml"],
    ["check", "rules", "rules.yml"],
    ["test", "rules", "rules.test.yml", "rules.slow.test.yml"],
  ])("%s %s %s", async (...args) => {
    const [verb, noun, ...files] = args;
    const { ok, output } = await promtool(folder, [verb, noun, ...files.map((file) => join(MONITORING, file))]);
    expect({ ok, output }).toEqual({ ok: true, output: expect.stringContaining("SUCCESS") });
  });
});

describe.skipIf(folder === "")("a real Prometheus", () => {
  let stack: Stack;
  let prometheus: Prometheus;
  let config: string;

  beforeAll(async () => {
    config = await mkdtemp(join(tmpdir(), "warmtree-prometheus-test-"));
    stack = await startStack({ isolation: "none", bindings: { METRICS_KEY } });
    await makeRepository(stack.git.root, "one", { files: 50, commits: 5 });
    await copyConfiguration(new URL(stack.url).host);
    prometheus = await startPrometheus(folder, join(config, "prometheus.yml"));
  });
  afterAll(async () => {
    await prometheus.close();
    await stack.close();
    await rm(config, { recursive: true });
  });

  /**
   * Copies the repository's configuration, for this Worker, and with a scrape every second: a test cannot wait minutes.
   */
  async function copyConfiguration(target: string): Promise<void> {
    const own = await readFile(join(MONITORING, "prometheus.yml"), "utf8");
    const changed = own
      .replace("127.0.0.1:8787", target)
      .replaceAll(/(scrape|evaluation)_interval: 60s/g, "$1_interval: 1s");
    await writeFile(join(config, "prometheus.yml"), changed);
    await writeFile(join(config, "rules.yml"), await readFile(join(MONITORING, "rules.yml")));
    await writeFile(join(config, "metrics-key"), `${METRICS_KEY}\n`);
  }

  const answerSchema = z.object({
    status: z.literal("success"),
    data: z.object({
      result: z.array(
        z.object({
          metric: z.record(z.string(), z.string()),
          value: z.tuple([z.number(), z.string()]).transform(([, value]) => Number(value)),
        }),
      ),
    }),
  });

  async function ask(query: string) {
    const response = await fetch(`${prometheus.url}/api/v1/query?${new URLSearchParams({ query }).toString()}`);
    return answerSchema.parse(await response.json()).data.result;
  }

  /** Returns the values of a query by their labels. */
  const answered = async (query: string, ...labels: string[]) =>
    new Map((await ask(query)).map(({ metric, value }) => [labels.map((label) => metric[label]).join(" "), value]));

  const scrapes = async () => (await ask('count_over_time(up{job="warmtree"}[10m])'))[0]?.value ?? 0;

  async function scrape(accept: string): Promise<string> {
    const headers = { Authorization: `Bearer ${METRICS_KEY}`, Accept: accept };
    return (await fetch(`${stack.url}/metrics`, { headers })).text();
  }

  /** Counts by series name and labels, in the form of both sides of a comparison. */
  class Tally {
    readonly counts = new Map<string, number>();

    add(...key: string[]): void {
      const name = key.join(" ");
      this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    }
  }

  const operations = new Tally();
  const errors = new Tally();
  const claims = new Tally();
  const cloneSchema = z.object({ sandbox_id: z.string(), source: z.string() });
  const problemSchema = z.object({ code: z.string() });
  const typeOf = (code: string) => new Map(Object.entries(ERROR_KINDS)).get(code)?.type ?? "unknown";

  /** Calls an operation and counts it as a client does: by its request and its answer. */
  async function call(name: string, body: object): Promise<string> {
    const operation = OPERATIONS.find((label) => label === name) ?? "other";
    operations.add(operation, "started");
    const traceparent = `00-${TRACE_ID}-b7ad6b7169203331-01`;
    const { status, json } = await callOperation(stack.url, name, body, { headers: { traceparent } });
    operations.add(operation, status === 200 ? "success" : "failure");
    if ("sandbox_id" in body) claims.add("live");
    if (status !== 200) {
      errors.add(operation, typeOf(problemSchema.parse(json).code));
      return "";
    }
    const cloned = cloneSchema.safeParse(json).data;
    if (cloned) claims.add(cloned.source);
    return cloned?.sandbox_id ?? "";
  }

  /** Makes the calls of an agent, with success and with failure. */
  async function agent(agent_id: string): Promise<void> {
    const repo_url = `${stack.git.url}/one.git`;
    const sandbox_id = await call("clone", { repo_url, agent_id, task_id: "t" });
    await call("edit", { sandbox_id, files: [{ path: `${agent_id}.txt`, content: "mine\n" }] });
    await Promise.all([
      call("status", { sandbox_id }),
      call("diff", { sandbox_id }),
      call("read", { sandbox_id, path: "no-such-file" }),
    ]);
    await call("push", { sandbox_id, message: agent_id });
    await call("pull", { sandbox_id });
    await call("clone", { repo_url: "https://elsewhere.example/o/r", agent_id });
    await call(`no-such-operation-${agent_id}`, {});
  }

  test("scrapes while load runs; what it was told is what the client counted: nothing lost, nothing doubled", async () => {
    const before = await scrapes();
    await Promise.all(["ada", "bob", "eve"].map(agent));
    stack.git.setFaults({ fail: { count: 100, status: 503 } });
    await call("clone", { repo_url: `${stack.git.url}/one.git`, agent_id: "late" });
    // It had a sandbox, and kept it for the next try.
    claims.add("cold");
    stack.git.setFaults({});
    const sandbox_id = await call("clone", { repo_url: `${stack.git.url}/one.git`, agent_id: "busy" });
    while ((await scrapes()) < before + 2) {
      await Promise.all(Array.from({ length: 8 }, () => call("status", { sandbox_id })));
    }

    const isTold = async () => {
      const told = await answered("git_operations_total > 0", "operation", "status");
      return [...operations.counts].every(([key, count]) => told.get(key) === count);
    };
    await until("Prometheus has the client's counts", isTold);
    // A count that was sent twice would still be under way.
    const then = await scrapes();
    await until("two more scrapes", async () => (await scrapes()) >= then + 2);
    expect(await answered("git_operations_total > 0", "operation", "status")).toEqual(operations.counts);
    expect(await answered("git_operation_errors_total > 0", "operation", "error_type")).toEqual(errors.counts);
    expect(new Set([...errors.counts.keys()].map((key) => key.split(" ")[1]))).toEqual(
      new Set(["auth", "network", "other"]),
    );
    const successes = [...operations.counts].filter(([key]) => key.endsWith("success"));
    expect(await answered("git_operation_duration_seconds_count > 0", "operation")).toEqual(
      new Map(successes.map(([key, count]) => [key.split(" ")[0], count])),
    );
    expect(await answered("warmtree_claims_total > 0", "source")).toEqual(claims.counts);
    expect((await ask("sum(min_over_time(up[10m]))"))[0]?.value).toBe(1);
  });

  test("sandboxes are those that the sandbox host has, and cost what they ran", async () => {
    const sandbox_id = await call("clone", { repo_url: `${stack.git.url}/one.git`, agent_id: "ada", task_id: "t" });
    const headers = { Authorization: `Bearer ${DEV_KEY}` };
    const paused = await fetch(`${stack.url}/v1/workspaces/${sandbox_id}/pause`, { method: "POST", headers });
    expect(paused.status).toBe(204);
    const hosted = Map.groupBy(stack.host.account(), ({ state }) => state);
    const expected = new Map([
      ["bound", hosted.get("running")?.length],
      ["paused", 1],
    ]);
    await until("Prometheus has been told of the pause", async () => {
      const told = await answered("warmtree_sandboxes > 0", "state");
      return told.get("paused") === 1;
    });
    expect(await answered("warmtree_sandboxes > 0", "state")).toEqual(expected);
    expect(hosted.get("paused")).toHaveLength(1);
    expect(await answered("warmtree_sandbox_moves_total > 0", "move")).toEqual(
      new Map([
        ["start", stack.host.account().length],
        ["pause", 1],
      ]),
    );
    const billed = () => stack.host.account().reduce((sum, { runningSeconds }) => sum + runningSeconds, 0);
    const before = billed();
    const then = await scrapes();
    await until("a scrape that is newer", async () => (await scrapes()) >= then + 2);
    // Sandbox hours count from the request of a start: never less than the host's, and none counted twice.
    const ran = (await ask("sum(sandbox_hours_total) * 3600"))[0]?.value;
    expect(ran).toBeGreaterThanOrEqual(before);
    expect(ran).toBeLessThan(2 * billed());
    const price = usdPerSecond(DEFAULT_SIZE);
    const off = `abs(sum(warmtree_spend_usd{period="month"}) - sum(sandbox_hours_total) * 3600 * ${price})`;
    expect((await ask(off))[0]?.value).toBeLessThan(1e-9);
  });

  test("understands every query of the dashboard", async () => {
    for (const query of DASHBOARD_QUERIES) {
      await ask(query.replaceAll("$operation", ".+").replaceAll("$__rate_interval", "4m"));
    }
  });

  test("keeps the traces of examples", async () => {
    const query = new URLSearchParams({
      query: "git_operation_duration_seconds_bucket",
      start: "0",
      end: "9999999999",
    });
    const exemplars = await (await fetch(`${prometheus.url}/api/v1/query_exemplars?${query.toString()}`)).text();
    expect(exemplars).toContain(`"trace_id":"${TRACE_ID}"`);
  });

  test("finds one thing to say about the names: the plan's own sandbox_hours_total", async () => {
    const { output } = await promtool(folder, ["check", "metrics"], await scrape("text/plain"));
    expect(output).toBe('sandbox_hours_total use base unit "seconds" instead of "hours"\n');
  });
});
