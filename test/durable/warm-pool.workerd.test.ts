import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import {
  endFaults,
  fault,
  granted,
  HOLDING,
  hostedSandboxes,
  hostUrl,
  listed,
  newPool,
  type Pool,
  poolId,
  rows,
  shell,
  sql,
  workspace,
} from "./support.ts";

// POOL_MIN 2, POOL_MAX 4, E2B_MAX_SANDBOXES 6: see vitest.config.ts.

afterEach(async () => {
  vi.restoreAllMocks();
  await endFaults();
});

/** Sets the object's clock ahead of the host's by `ms`. */
function skipAhead(ms: number): void {
  const now = Date.now.bind(Date);
  vi.spyOn(Date, "now").mockImplementation(() => now() + ms);
}

const warm = async (pool: Pool) => (await rows(pool)).filter(({ state }) => state === "warm");

/**
 * Waits until the pool has so many warm sandboxes: due alarms run by themselves, with at most one creation a second.
 */
const untilWarm = (pool: Pool, count: number) => expect.poll(async () => (await warm(pool)).length).toBe(count);

async function filledPool(): Promise<Pool> {
  const pool = newPool();
  await pool.list("acme");
  await untilWarm(pool, 2);
  return pool;
}

const faults = async (): Promise<{ controlErrors?: { count: number }; hangingCreates: number }> =>
  (await fetch(`${hostUrl}/_local/faults`)).json();

/** Returns the number of creations that the host was asked for. */
async function creations(): Promise<number> {
  return (await hostedSandboxes()).length;
}

test("the first call fills the pool to its minimum; a claim takes from it without a creation, and it is refilled", async () => {
  const pool = await filledPool();
  const before = await creations();
  const [first, second] = await Promise.all([pool.claim(workspace("ada")), pool.claim(workspace("bob"))]);
  expect([granted(first).source, granted(second).source]).toEqual(["pool", "pool"]);
  expect(granted(first).session.sandboxId).not.toBe(granted(second).session.sandboxId);
  await untilWarm(pool, 2);
  expect(await creations()).toBeGreaterThan(before);
  expect(await listed(pool)).toHaveLength(4);
}, 30_000);

test("an empty pool falls back to a cold start at once", async () => {
  const pool = newPool();
  expect(granted(await pool.claim(workspace())).source).toBe("cold");
});

test("more claims than warm sandboxes: the pool's first, cold ones for the rest, no two on one sandbox", async () => {
  const pool = await filledPool();
  const grants = (await Promise.all(["a", "b", "c", "d"].map((agent) => pool.claim(workspace(agent))))).map(granted);
  expect(grants.map(({ source }) => source).sort()).toEqual(["cold", "cold", "pool", "pool"]);
  expect(new Set(grants.map(({ session }) => session.sandboxId)).size).toBe(4);
}, 30_000);

test("the pool follows demand up to its maximum, and back when claims stay away", async () => {
  const pool = await filledPool();
  const demand = { version: 1, createS: 0.45, at: Date.now(), rates: [0.1, 0.1, 0.1, 0.1], claims: [] };
  await sql(pool, "INSERT OR REPLACE INTO setting VALUES ('demand', ?)", JSON.stringify(demand));
  await evictDurableObject(pool);
  await pool.list("acme");
  await untilWarm(pool, 4);
  // Alarms that are set by the object's clock do not run by themselves from here on.
  skipAhead(3 * 3_600_000);
  await sql(pool, "UPDATE sandbox SET ends_at = ?, due_at = NULL", Date.now() + 3_600_000);
  await expect
    .poll(
      async () => {
        await sql(pool, "UPDATE setting SET value = ? WHERE name = 'tend_at'", Date.now());
        await runDurableObjectAlarm(pool);
        return (await warm(pool)).length;
      },
      { timeout: 15_000 },
    )
    .toBe(2);
}, 60_000);

test("a warm sandbox is kept running for as long as it takes", async () => {
  const pool = await filledPool();
  const before = (await rows(pool)).map(({ e2b_id }) => e2b_id);
  await sql(pool, "UPDATE sandbox SET last_used_at = last_used_at - 7200000, due_at = 1");
  await runDurableObjectAlarm(pool);
  const now = await rows(pool);
  expect(now.map(({ e2b_id, state }) => [e2b_id, state])).toEqual(before.map((id) => [id, "warm"]));
}, 30_000);

test("sandboxes of an old template are replaced one by one, and the pool is never empty", async () => {
  const pool = await filledPool();
  await sql(pool, "UPDATE sandbox SET template = 'old'");
  for (let n = 0; n < 8; n++) {
    await sql(pool, "UPDATE setting SET value = ? WHERE name = 'tend_at'", Date.now());
    await runDurableObjectAlarm(pool);
    expect((await warm(pool)).length).toBeGreaterThanOrEqual(1);
  }
  expect(await sql(pool, "SELECT DISTINCT template FROM sandbox WHERE state = 'warm'")).toEqual([{ template: "base" }]);
  await untilWarm(pool, 2);
}, 30_000);

test("never more than may run at once: idle workspaces make room, and without one the claim is refused", async () => {
  const pool = newPool();
  const agents = ["a", "b", "c", "d", "e", "f"];
  for (const agent of agents) granted(await pool.claim(workspace(agent)));
  expect(await pool.claim(workspace("g"))).toMatchObject({ ok: false, code: "sandbox_unavailable", retryAfterS: 60 });
  await sql(pool, "UPDATE sandbox SET last_used_at = last_used_at - 120000 WHERE agent_id = 'c'");
  expect(granted(await pool.claim(workspace("g"))).source).toBe("cold");
  const running = (await hostedSandboxes()).filter((s) => s.state === "running");
  const mark = await poolId(pool);
  expect(running.filter(({ metadata }) => metadata["warmtree_pool"] === mark)).toHaveLength(6);
  expect((await pool.list("acme")).find(({ agentId }) => agentId === "c")).toMatchObject({ state: "paused" });
}, 30_000);

test("a blank sandbox that is being started takes nobody's room: a claim waits for it and gets it", async () => {
  const pool = newPool();
  await fault({ hangCreates: { count: 1, when: "before" } });
  await pool.list("acme");
  await expect.poll(async () => (await faults()).hangingCreates).toBe(1);
  for (const agent of ["a", "b", "c", "d", "e"]) granted(await pool.claim(workspace(agent)));
  const claim = pool.claim(workspace("f"));
  const answered = claim.then(() => "answered");
  expect(await Promise.race([answered, poolId(pool)])).not.toBe("answered");
  await endFaults();
  expect(granted(await claim).source).toBe("pool");
}, 30_000);

test("a workspace in which an operation is at work makes no room; the next idle one does", async () => {
  const pool = newPool();
  const agents = ["a", "b", "c", "d", "e", "f"];
  for (const agent of agents) {
    const grant = granted(await pool.claim(workspace(agent)));
    if (agent === "a") await shell(grant, HOLDING);
  }
  await sql(pool, "UPDATE sandbox SET last_used_at = last_used_at - 120000 WHERE agent_id IN ('a', 'b')");
  await sql(pool, "UPDATE sandbox SET last_used_at = last_used_at - 60000 WHERE agent_id = 'a'");
  granted(await pool.claim(workspace("g")));
  const states = (await pool.list("acme")).map(({ agentId, state }) => [agentId, state]);
  expect(states).toContainEqual(["a", "bound"]);
  expect(states).toContainEqual(["b", "paused"]);
}, 30_000);

test("a refill that E2B refuses is tried again later, and claims do not suffer", async () => {
  const pool = newPool();
  await fault({ controlErrors: { count: 1, status: 429, retryAfterS: 3600 } });
  await pool.list("acme");
  await expect.poll(async () => (await faults()).controlErrors?.count).toBe(0);
  expect(granted(await pool.claim(workspace())).source).toBe("cold");
  await untilWarm(pool, 2);
}, 30_000);

/** Enters costs into the ledger, as if sandboxes had cost so much this hour already. */
async function spent(pool: Pool, usd: number): Promise<void> {
  const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
  await sql(pool, "INSERT OR REPLACE INTO ledger VALUES (?, 1.0, ?)", hour, Math.round(usd * 1000));
  await evictDurableObject(pool);
}

test("a spent budget refuses new workspaces and says until when; those that are there go on, pauses included", async () => {
  const pool = await filledPool();
  const { sandboxId, session } = granted(await pool.claim(workspace()));
  await spent(pool, 10);
  const refusal = await pool.claim(workspace("bob"));
  const month = new Date();
  const lifts = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1)).toISOString();
  expect(refusal).toMatchObject({ ok: false, code: "budget_exhausted", detail: expect.stringContaining(lifts) });
  expect(granted(await pool.claim(workspace())).sandboxId).toBe(sandboxId);
  // No sandbox idles any more: unused ones are paused, and the pool empties.
  await sql(pool, "UPDATE sandbox SET due_at = 1 WHERE tenant IS NOT NULL");
  await sql(pool, "UPDATE setting SET value = '1' WHERE name = 'tend_at'");
  await runDurableObjectAlarm(pool);
  expect((await listed(pool)).find((s) => s.sandboxId === session.sandboxId)?.state).toBe("paused");
  await untilWarm(pool, 0);
  expect(granted(await pool.use({ tenant: "acme", sandboxId })).source).toBe("paused");
}, 30_000);
