import { createExecutionContext, createScheduledController, introspectWorkflowInstance } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, onTestFinished, test } from "vitest";
import worker from "../../src/index.ts";
import { weekOf } from "../../src/workflows/schedule.ts";
import { granted, sql, workspace } from "../durable/support.ts";

// POOL_MIN 2, E2B_MAX_SANDBOXES 6: see vitest.config.ts. The Workflow reports to all shards of the pool; here is one.
const pool = env.SANDBOX_POOL.getByName("0");

const DAY_MS = 24 * 3_600_000;
const MONDAY = Date.UTC(2026, 10, 23, 4, 17);

/** Delivers the cron of a week twice, as Cloudflare may do. */
async function cron(scheduledTime: number): Promise<void> {
  const controller = createScheduledController({ scheduledTime });
  for (let delivery = 0; delivery < 2; delivery++) await worker.scheduled(controller, env);
}

/** Returns the introspection of a week's build. */
async function lookInto(time: number) {
  const build = await introspectWorkflowInstance(env.TEMPLATE_BUILD, weekOf(time));
  onTestFinished(() => build.dispose());
  return build;
}

/** Returns the answer about the template to any caller with a key. */
async function told(): Promise<unknown> {
  const headers = { Authorization: "Bearer dev" };
  const request = new Request("http://127.0.0.1/v1/template", { headers });
  return (await worker.fetch(request, env, createExecutionContext())).json();
}

/** Returns the templates of the warm sandboxes. */
const warmTemplates = async () =>
  (await sql(pool, "SELECT DISTINCT template FROM sandbox WHERE state = 'warm'")).map(({ template }) => template);

test("weeks begin on Monday", () => {
  expect([MONDAY, MONDAY + 6 * DAY_MS, MONDAY + 7 * DAY_MS].map(weekOf)).toEqual([
    "week-2026-11-23",
    "week-2026-11-23",
    "week-2026-11-30",
  ]);
});

test("a new build is promoted, and the pool drains to it with no claim failing", async () => {
  await pool.list("acme");
  await expect.poll(warmTemplates).toEqual(["base"]);
  expect(await told()).toEqual({ name: "base", builds_weekly: true });

  const build = await lookInto(MONDAY);
  await cron(MONDAY);
  const sources = new Set<string>();
  let agent = 0;
  const claimOnce = async () => {
    const { sandboxId, source } = granted(await pool.claim(workspace(`agent-${++agent}`)));
    sources.add(source);
    await pool.end({ tenant: "acme", sandboxId });
  };
  // Claims one after the other during the whole build.
  await expect
    .poll(
      async () => {
        await claimOnce();
        return warmTemplates();
      },
      { timeout: 40_000 },
    )
    .toEqual(["warmtree:v1"]);
  expect(sources).toContain("pool");

  await build.waitForStatus("complete");
  expect(await build.getOutput()).toMatchObject({ version: 1, state: "promoted" });
  expect(await told()).toEqual({
    name: "warmtree:v1",
    builds_weekly: true,
    version: 1,
    built_at: expect.any(String),
    newest_build: {
      version: 1,
      state: "promoted",
      started_at: expect.any(String),
      ended_at: expect.any(String),
      git: expect.stringMatching(/^\d+\.\d+/),
      fsmonitor: expect.any(Boolean),
      first_command_ms: expect.any(Number),
    },
  });
  await claimOnce();
  const [newest] = await sql(pool, "SELECT template FROM sandbox WHERE tenant IS NOT NULL ORDER BY last_used_at DESC");
  expect(newest).toEqual({ template: "warmtree:v1" });
  // Each at its own price: base has two CPUs, the built template has one.
  const prices = await sql(pool, "SELECT DISTINCT usd_per_s FROM ledger ORDER BY usd_per_s");
  expect(prices.map(({ usd_per_s: price }) => Number(price).toFixed(8))).toEqual(["0.00001625", "0.00003025"]);
}, 60_000);

test("a build that fails is not promoted: sandboxes go on with the version before, and the reason is told", async () => {
  const next = MONDAY + 7 * DAY_MS;
  const build = await lookInto(next);
  await build.modify(async (modifier) => {
    const reason = "step 2: exit status 100";
    await modifier.mockStepResult({ name: "ask how it stands" }, { state: "failed", reason, at: next });
  });
  await cron(next);
  await build.waitForStatus("complete");
  expect(await told()).toMatchObject({
    name: "warmtree:v1",
    version: 1,
    newest_build: { version: 2, state: "failed", reason: "step 2: exit status 100" },
  });

  const sample = async () => (await env.METRICS.getByName("0").read()).samples[0]?.sample;
  const counted = { templateVersion: 1, templateBuilds: { promoted: 1, failed: 1 } };
  await expect.poll(sample).toMatchObject(counted);
}, 30_000);

test("an operator's request builds, and no cron where builds are only asked for", async () => {
  const asked = { ...env, TEMPLATE_BUILDS: "asked" };
  const headers = { Authorization: "Bearer dev" };
  const send = (method: string, path: string) =>
    worker.fetch(new Request(`http://127.0.0.1/v1/${path}`, { method, headers }), asked, createExecutionContext());
  const template = async (): Promise<unknown> => (await send("GET", "template")).json();
  await worker.scheduled(createScheduledController({ scheduledTime: MONDAY + 14 * DAY_MS }), asked);
  const answers = [await send("POST", "operator/template/builds"), await send("POST", "operator/template/builds")];
  const [first, second] = await Promise.all(answers.map((answer) => answer.json()));
  expect(first).toEqual({ build: expect.stringMatching(/^asked-after-v2-20\d\d(-\d\d){4}$/), started: true });
  expect(second).toMatchObject({ started: false });
  await expect.poll(template, { timeout: 40_000 }).toMatchObject({
    builds_weekly: false,
    version: 3,
    newest_build: { version: 3, state: "promoted" },
  });
}, 60_000);

test("a shard takes no older version, and counts the end of a build once", async () => {
  const shard = env.SANDBOX_POOL.getByName("templates");
  await shard.promoteTemplate({ version: 7, builtAt: 700 });
  await shard.promoteTemplate({ version: 6, builtAt: 900 });
  expect(await shard.template()).toMatchObject({ name: "warmtree:v7", promoted: { version: 7, builtAt: 700 } });
  const building = { version: 8, state: "building", startedAt: 1 } as const;
  const failed = { ...building, state: "failed", endedAt: 2, reason: "no" } as const;
  for (const build of [building, failed, building, failed]) await shard.noteTemplateBuild(build);
  expect((await shard.template()).newestBuild).toEqual(failed);
});
