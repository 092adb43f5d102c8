import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { SandboxPool } from "../../src/durable/SandboxPool.ts";
import {
  e2b,
  endFaults,
  fault,
  granted,
  HOLDING,
  hosted,
  hostedSandboxes,
  listed,
  MINUTE_MS,
  newPool,
  type Pool,
  poolId,
  rows,
  shell,
  sql,
  workspace,
} from "./support.ts";

/** Returns when the host itself would pause a sandbox. */
async function endOf(e2bId: string): Promise<number> {
  const found = (await hostedSandboxes()).find(({ sandboxID }) => sandboxID === e2bId);
  return Date.parse(found?.endAt ?? "");
}

afterEach(endFaults);

/** Moves a row's times back: the object then believes that this much time has passed. */
async function age(pool: Pool, ms: number): Promise<void> {
  await sql(
    pool,
    `UPDATE sandbox SET created_at = created_at - ?1, last_used_at = last_used_at - ?1, ends_at = ends_at - ?1,
       due_at = due_at - ?1, charged_until = charged_until - ?1`,
    ms,
  );
  await sql(pool, "UPDATE setting SET value = value - ? WHERE name = 'reconcile_at' AND value <> ''", ms);
}

/** Runs the alarm at the time when changes are due to be reported. */
async function reportNow(pool: Pool): Promise<void> {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 2_000 });
  await runInDurableObject(pool, (instance: SandboxPool) => instance.alarm());
  vi.useRealTimers();
}

const sampleOf = async (pool: Pool) =>
  (await env.METRICS.getByName("0").read()).samples.find(({ sample }) => String(sample.shard) === pool.name)?.sample;

test("claims at once for one workspace get one sandbox; another agent gets another", async () => {
  const pool = newPool();
  const grants = (await Promise.all([1, 2, 3, 4].map(() => pool.claim(workspace())))).map(granted);
  expect(new Set(grants.map(({ session }) => session.sandboxId)).size).toBe(1);
  expect(granted(await pool.claim(workspace())).source).toBe("live");
  const other = granted(await pool.claim(workspace("bob")));
  expect(other.sandboxId).not.toBe(grants[0]?.sandboxId);
  expect(await listed(pool)).toHaveLength(2);
});

test("a workspace belongs to its tenant: to others it is not there", async () => {
  const pool = newPool();
  const { sandboxId } = granted(await pool.claim(workspace()));
  for (const tenant of ["other", "", "acm"]) {
    expect(await pool.use({ tenant, sandboxId })).toMatchObject({ code: "workspace_not_found" });
    expect(await pool.view({ tenant, sandboxId, open: false })).toBeUndefined();
    expect(await pool.end({ tenant, sandboxId })).toBe(false);
    expect(await pool.list(tenant)).toEqual([]);
  }
  expect(granted(await pool.claim(workspace("ada", "other"))).sandboxId).not.toBe(sandboxId);
  expect(await pool.view({ tenant: "acme", sandboxId, open: false })).toMatchObject({
    state: "bound",
    repository: "github.com/o/r",
  });
});

test("after an eviction the rows know everything, and E2B is not asked", async () => {
  const pool = newPool();
  const grant = granted(await pool.claim(workspace()));
  await evictDurableObject(pool);
  await fault({ controlErrors: { count: 1, status: 500 } });
  expect(granted(await pool.use({ tenant: "acme", sandboxId: grant.sandboxId }))).toEqual({ ...grant, source: "live" });
});

test("unused for forty minutes it is paused, and the next use resumes it", async () => {
  const pool = newPool();
  const { sandboxId, session } = granted(await pool.claim(workspace()));
  await age(pool, 39 * MINUTE_MS);
  await runDurableObjectAlarm(pool);
  expect((await e2b.get(session.sandboxId)).state).toBe("running");
  await age(pool, 2 * MINUTE_MS);
  await runDurableObjectAlarm(pool);
  expect((await e2b.get(session.sandboxId)).state).toBe("paused");
  expect(await pool.view({ tenant: "acme", sandboxId, open: false })).toMatchObject({ state: "paused" });
  const again = granted(await pool.use({ tenant: "acme", sandboxId }));
  expect(again).toMatchObject({ source: "paused", session: { sandboxId: session.sandboxId } });
  expect((await e2b.get(session.sandboxId)).state).toBe("running");
});

test("a use moves the pause later, without a write for each", async () => {
  const pool = newPool();
  const { sandboxId, session } = granted(await pool.claim(workspace()));
  await age(pool, 39 * MINUTE_MS);
  granted(await pool.use({ tenant: "acme", sandboxId }));
  await age(pool, 2 * MINUTE_MS);
  await runDurableObjectAlarm(pool);
  expect((await e2b.get(session.sandboxId)).state).toBe("running");
});

test("a sandbox in use is given more time before E2B would pause it", async () => {
  const pool = newPool();
  const { sandboxId, session } = granted(await pool.claim(workspace()));
  const before = await endOf(session.sandboxId);
  await e2b.setTimeout(session.sandboxId, 120);
  await age(pool, 20 * MINUTE_MS);
  granted(await pool.use({ tenant: "acme", sandboxId }));
  await age(pool, 18 * MINUTE_MS);
  await runDurableObjectAlarm(pool);
  expect(await endOf(session.sandboxId)).toBeGreaterThan(before - MINUTE_MS);
});

describe("where the account's longest run ends earlier than was asked for", () => {
  const startOf = async (id: string) => (await e2b.get(id)).startedAtMs;

  test("the end is what E2B says, and near it a sandbox in use gets a new run", async () => {
    const pool = newPool();
    const { sandboxId, session } = granted(await pool.claim(workspace()));
    const { sandboxId: id } = session;
    const began = await startOf(id);
    await age(pool, 38 * MINUTE_MS);
    granted(await pool.use({ tenant: "acme", sandboxId }));
    await fault({ longestRunS: 600 });
    await runDurableObjectAlarm(pool);
    const ends = await sql(pool, "SELECT ends_at FROM sandbox WHERE sandbox_id = ?", sandboxId);
    expect(ends).toEqual([{ ends_at: await endOf(id) }]);
    expect(await startOf(id)).toBe(began);
    await fault({ longestRunS: 200 });
    await age(pool, 6 * MINUTE_MS);
    granted(await pool.use({ tenant: "acme", sandboxId }));
    await runDurableObjectAlarm(pool);
    expect(await startOf(id)).toBeGreaterThan(began);
    expect((await e2b.get(id)).state).toBe("running");
  });

  test("of a sandbox that ran on when it was taken for lost, the end is what E2B says", async () => {
    const pool = newPool();
    const { sandboxId, session, generation } = granted(await pool.claim(workspace()));
    await fault({ longestRunS: 600 });
    granted(await pool.use({ tenant: "acme", sandboxId, lost: generation }));
    const ends = await sql(pool, "SELECT ends_at FROM sandbox WHERE sandbox_id = ?", sandboxId);
    expect(ends).toEqual([{ ends_at: await endOf(session.sandboxId) }]);
    expect(Number(ends[0]?.["ends_at"]) - (await startOf(session.sandboxId))).toBeLessThanOrEqual(600_000);
  });

  test("an end that is earlier than ours is learned from the list", async () => {
    const pool = newPool();
    const { sandboxId, session } = granted(await pool.claim(workspace()));
    await e2b.setTimeout(session.sandboxId, 600);
    await age(pool, 10 * MINUTE_MS);
    await runDurableObjectAlarm(pool);
    const ends = await sql(pool, "SELECT ends_at FROM sandbox WHERE sandbox_id = ?", sandboxId);
    expect(ends).toEqual([{ ends_at: await endOf(session.sandboxId) }]);
  });

  test("an operation at work is not cut: the new run waits for it", async () => {
    const pool = newPool();
    const grant = granted(await pool.claim(workspace()));
    const { sandboxId: id } = grant.session;
    const began = await startOf(id);
    await age(pool, 38 * MINUTE_MS);
    granted(await pool.use({ tenant: "acme", sandboxId: grant.sandboxId }));
    await fault({ longestRunS: 200 });
    await shell(grant, HOLDING);
    await runDurableObjectAlarm(pool);
    expect(await startOf(id)).toBe(began);
    expect((await rows(pool))[0]).toMatchObject({ state: "bound" });
  });
});

test("a sandbox that E2B paused by itself is resumed when its loss is told, once for all who tell", async () => {
  const pool = newPool();
  const { sandboxId, session, generation } = granted(await pool.claim(workspace()));
  await e2b.pause(session.sandboxId);
  const answers = await Promise.all([1, 2, 3].map(() => pool.use({ tenant: "acme", sandboxId, lost: generation })));
  expect(answers.map((answer) => granted(answer).session.sandboxId)).toEqual(Array(3).fill(session.sandboxId));
  expect((await e2b.get(session.sandboxId)).state).toBe("running");
  // A late report: the sandbox was recovered meanwhile, so nothing is done.
  await fault({ controlErrors: { count: 1, status: 500 } });
  expect(granted(await pool.use({ tenant: "acme", sandboxId, lost: generation })).source).toBe("live");
});

test("a sandbox that vanished: gone, said for as long as the row stays, and a new claim starts anew", async () => {
  const pool = newPool();
  const { sandboxId, session, generation } = granted(await pool.claim(workspace()));
  await e2b.kill(session.sandboxId);
  expect(await pool.use({ tenant: "acme", sandboxId, lost: generation })).toMatchObject({ code: "workspace_gone" });
  expect(await pool.use({ tenant: "acme", sandboxId })).toMatchObject({ code: "workspace_gone" });
  const next = granted(await pool.claim(workspace()));
  expect(next).toMatchObject({ source: "cold" });
  expect(next.sandboxId).not.toBe(sandboxId);
});

test("end kills at once; a kill that E2B fails is owed until it is done", async () => {
  const pool = newPool();
  const first = granted(await pool.claim(workspace()));
  expect(await pool.end({ tenant: "acme", sandboxId: first.sandboxId })).toBe(true);
  expect(await listed(pool)).toEqual([]);
  const second = granted(await pool.claim(workspace()));
  await fault({ controlErrors: { count: 100, status: 500 } });
  await runInDurableObject(pool, async (instance: SandboxPool) => {
    expect(await instance.end({ tenant: "acme", sandboxId: second.sandboxId })).toBe(true);
  });
  expect(await hosted(pool)).toHaveLength(1);
  await endFaults();
  await age(pool, 10 * MINUTE_MS);
  await runDurableObjectAlarm(pool);
  expect(await listed(pool)).toEqual([]);
}, 60_000);

test("a start that E2B refuses leaves no row", async () => {
  const pool = newPool();
  await fault({ controlErrors: { count: 100, status: 429, retryAfterS: 3600 } });
  expect(await pool.claim(workspace())).toMatchObject({ ok: false, code: "rate_limited" });
  expect(await rows(pool)).toEqual([]);
});

/** Leaves the rows that a crash of the object between E2B's start and its answer leaves. */
async function cutOffStart(pool: Pool): Promise<string> {
  const { sandboxId, session } = granted(await pool.claim(workspace()));
  await sql(
    pool,
    `UPDATE sandbox SET e2b_id = NULL, state = 'warming', access_token = NULL, charged_until = NULL,
       due_at = created_at + 100000 WHERE sandbox_id = ?`,
    sandboxId,
  );
  return session.sandboxId;
}

test("a start whose answer was lost is adopted by the next claim", async () => {
  const pool = newPool();
  const e2bId = await cutOffStart(pool);
  expect(granted(await pool.claim(workspace())).session.sandboxId).toBe(e2bId);
  expect(await listed(pool)).toHaveLength(1);
});

test("a start whose answer was lost is adopted by the alarm when nobody claims again", async () => {
  const pool = newPool();
  const e2bId = await cutOffStart(pool);
  await age(pool, 2 * MINUTE_MS);
  await runDurableObjectAlarm(pool);
  expect(await rows(pool)).toMatchObject([{ e2b_id: e2bId, state: "bound" }]);
});

test("a workspace ended while nobody knows of its start: what E2B made is found and killed, and counts until then", async () => {
  const pool = newPool();
  const unknown = "SELECT e2b_id, charged_until IS NOT NULL AS counts FROM sandbox WHERE state = 'gone'";
  await cutOffStart(pool);
  const { sandboxId } = (await pool.list("acme"))[0] ?? expect.fail("no workspace");
  await fault({ controlErrors: { count: 100, status: 429, retryAfterS: 3600 } });
  expect(await pool.end({ tenant: "acme", sandboxId })).toBe(true);
  expect(await hosted(pool)).toHaveLength(1);
  expect(await sql(pool, unknown)).toEqual([{ e2b_id: null, counts: 1 }]);
  await endFaults();
  expect(await pool.use({ tenant: "acme", sandboxId })).toMatchObject({ ok: false, code: "workspace_gone" });
  await age(pool, 10 * MINUTE_MS);
  await runDurableObjectAlarm(pool);
  expect(await listed(pool)).toEqual([]);
  expect(await sql(pool, unknown)).toEqual([{ e2b_id: null, counts: 0 }]);
});

test("a workspace ended while nobody knows of its start, which never happened, costs nothing", async () => {
  const pool = newPool();
  await e2b.kill(await cutOffStart(pool));
  const { sandboxId } = (await pool.list("acme"))[0] ?? expect.fail("no workspace");
  expect(await pool.end({ tenant: "acme", sandboxId })).toBe(true);
  // The sandbox may still come.
  expect(await sql(pool, "SELECT 1 FROM sandbox WHERE charged_until IS NOT NULL")).toHaveLength(1);
  await age(pool, 2 * MINUTE_MS);
  await runDurableObjectAlarm(pool);
  expect(await sql(pool, "SELECT 1 FROM sandbox WHERE charged_until IS NOT NULL")).toEqual([]);
  expect(await sql(pool, "SELECT 1 FROM ledger")).toEqual([]);
});

test("a start that never happened is forgotten", async () => {
  const pool = newPool();
  await e2b.kill(await cutOffStart(pool));
  await age(pool, 2 * MINUTE_MS);
  await runDurableObjectAlarm(pool);
  expect(await rows(pool)).toEqual([]);
});

test("reconcile kills what belongs to nobody and notes what E2B did by itself", async () => {
  const pool = newPool();
  const mine = granted(await pool.claim(workspace()));
  const lost = granted(await pool.claim(workspace("bob")));
  await e2b.create({
    template: "base",
    timeoutS: 300,
    metadata: { warmtree_pool: await poolId(pool), warmtree_sandbox: "s1-x" },
    autoPause: true,
  });
  const foreign = await e2b.create({
    template: "base",
    timeoutS: 300,
    metadata: { warmtree_pool: "another" },
    autoPause: true,
  });
  await e2b.pause(mine.session.sandboxId);
  await e2b.kill(lost.session.sandboxId);
  await age(pool, 11 * MINUTE_MS);
  await runDurableObjectAlarm(pool);
  expect((await listed(pool)).map(({ sandboxId }) => sandboxId)).toEqual([mine.session.sandboxId]);
  expect(await pool.view({ tenant: "acme", sandboxId: mine.sandboxId, open: false })).toMatchObject({
    state: "paused",
  });
  expect(await pool.view({ tenant: "acme", sandboxId: lost.sandboxId, open: false })).toMatchObject({ state: "gone" });
  expect((await e2b.get(foreign.sandboxId)).state).toBe("running");
});

test("with nothing left there is no alarm; gone rows are forgotten after a week", async () => {
  const pool = newPool();
  const { sandboxId } = granted(await pool.claim(workspace()));
  await pool.end({ tenant: "acme", sandboxId });
  await age(pool, 8 * 24 * 60 * MINUTE_MS);
  await runDurableObjectAlarm(pool);
  expect(await rows(pool)).toEqual([]);
  await reportNow(pool);
  expect(await runDurableObjectAlarm(pool)).toBe(false);
});

test("the metrics are told what became of sandboxes, by the alarm", async () => {
  const pool = newPool();
  const { sandboxId } = granted(await pool.claim(workspace()));
  await reportNow(pool);
  expect(await sampleOf(pool)).toMatchObject({
    sandboxes: { bound: 1, paused: 0 },
    workspaces: { active: 1, cold: 0 },
    moves: { start: 1, pause: 0 },
    running: 1,
  });
  await fault({ controlErrors: { count: 5, status: 500 } });
  await pool.pause({ tenant: "acme", sandboxId });
  await endFaults();
  await age(pool, 10 * MINUTE_MS);
  await runDurableObjectAlarm(pool);
  await reportNow(pool);
  expect(await sampleOf(pool)).toMatchObject({
    sandboxes: { bound: 0, paused: 1 },
    workspaces: { active: 0, cold: 1 },
    unpushed: 0,
    moves: { start: 1, pause: 2 },
    moveFailures: { pause: 1 },
    running: 0,
  });
});
