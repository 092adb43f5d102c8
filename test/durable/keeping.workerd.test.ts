import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import type { Grant } from "../../src/durable/grant.ts";
import {
  e2b,
  endFaults,
  granted,
  holding,
  listed,
  MINUTE_MS,
  newPool,
  type Pool,
  rows,
  shell,
  sql,
  workspace,
} from "./support.ts";

const DAY_MS = 24 * 60 * MINUTE_MS;
/** 2 vCPU and 512 MiB at E2B's list price. */
const USD_PER_S = 2 * 0.000014 + 0.5 * 0.0000045;

afterEach(async () => {
  vi.restoreAllMocks();
  await endFaults();
});

/** The object's clock is put ahead of the host's by so much, in all. */
const realNow = Date.now.bind(Date);
function clockAheadBy(ms: number): void {
  vi.spyOn(Date, "now").mockImplementation(() => realNow() + ms);
}

const COMMIT = `git -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m x`;
/** A tree whose commits are all on the remote. */
const PUSHED = `git init -q -b main ~/repo && cd ~/repo && ${COMMIT} && git update-ref refs/remotes/origin/main HEAD`;

async function pausedWorkspace(script: string): Promise<{ pool: Pool; grant: Grant }> {
  const pool = newPool();
  const grant = granted(await pool.claim(workspace()));
  await shell(grant, script);
  expect(await pool.pause({ tenant: "acme", sandboxId: grant.sandboxId })).toBeUndefined();
  return { pool, grant };
}

const view = async (pool: Pool) => (await pool.list("acme"))[0];

test("an operation at work refuses the pause and goes on; an index that is being written anew is paused", async () => {
  const pool = newPool();
  const grant = granted(await pool.claim(workspace()));
  const request = { tenant: "acme", sandboxId: grant.sandboxId };
  await shell(grant, `${PUSHED} && ${holding("open")}`);
  expect(await pool.pause(request)).toMatchObject({ ok: false, code: "workspace_busy" });
  expect(await view(pool)).toMatchObject({ state: "bound" });
  await shell(grant, "echo settle >~/.warmtree/open");
  expect(await pool.pause(request)).toBeUndefined();
  expect(await view(pool)).toMatchObject({ state: "paused", unpushed: false });
});

test("what is nobody's is not paused", async () => {
  const request = { tenant: "acme", sandboxId: "s0-nobodys" };
  expect(await newPool().pause(request)).toMatchObject({ code: "workspace_not_found" });
});

test.each([
  ["everything is on the remote", PUSHED, false],
  ["an uncommitted change", `${PUSHED} && touch new`, true],
  ["a commit that no remote branch has", `${PUSHED} && ${COMMIT}`, true],
  ["one on another branch", `${PUSHED} && git switch -q -c other && ${COMMIT} && git switch -q main`, true],
])("before the pause it looks what would be lost: %s", async (_, script, unpushed) => {
  const { pool } = await pausedWorkspace(script);
  expect(await view(pool)).toMatchObject({ state: "paused", unpushed });
});

test("resumed with another HEAD than it was paused with: not trusted, and the next claim starts anew", async () => {
  const { pool, grant } = await pausedWorkspace(PUSHED);
  await sql(pool, "UPDATE sandbox SET head = ?", "0".repeat(40));
  expect(await pool.use({ tenant: "acme", sandboxId: grant.sandboxId })).toMatchObject({ code: "workspace_gone" });
  expect(await listed(pool)).toEqual([]);
  expect(granted(await pool.claim(workspace())).source).toBe("cold");
});

test("opening a paused workspace resumes it before the first operation", async () => {
  const { pool, grant } = await pausedWorkspace(PUSHED);
  expect(await pool.view({ tenant: "acme", sandboxId: grant.sandboxId, open: true })).toMatchObject({
    state: "paused",
  });
  await expect.poll(async () => (await view(pool))?.state).toBe("bound");
  expect(granted(await pool.use({ tenant: "acme", sandboxId: grant.sandboxId })).source).toBe("live");
});

test("a clean paused workspace is dropped after two weeks", async () => {
  const { pool } = await pausedWorkspace(PUSHED);
  clockAheadBy(14 * DAY_MS + 1000);
  await runDurableObjectAlarm(pool);
  expect(await view(pool)).toMatchObject({ state: "gone" });
  expect(await listed(pool)).toEqual([]);
});

test("unpushed work is listed as to be dropped for a week before it is; a use takes it back", async () => {
  const { pool, grant } = await pausedWorkspace(`${PUSHED} && touch new`);
  clockAheadBy(21 * DAY_MS + 1000);
  await runDurableObjectAlarm(pool);
  const announced = await view(pool);
  expect(announced).toMatchObject({ state: "paused", unpushed: true });
  expect(announced?.dropsAt).toBeGreaterThan(Date.now() + 6 * DAY_MS);
  clockAheadBy(24 * DAY_MS);
  granted(await pool.use({ tenant: "acme", sandboxId: grant.sandboxId }));
  expect((await view(pool))?.dropsAt).toBeUndefined();
  await pool.pause({ tenant: "acme", sandboxId: grant.sandboxId });
  clockAheadBy(46 * DAY_MS);
  await runDurableObjectAlarm(pool);
  expect((await view(pool))?.dropsAt).toBeGreaterThan(Date.now());
  clockAheadBy(54 * DAY_MS);
  await runDurableObjectAlarm(pool);
  expect(await view(pool)).toMatchObject({ state: "gone" });
});

const charged = async (pool: Pool) =>
  Number((await sql(pool, "SELECT SUM(running_ms) AS ms FROM ledger"))[0]?.["ms"] ?? 0);

test("the ledger charges running time only, once, whatever is repeated", async () => {
  const pool = newPool();
  const grant = granted(await pool.claim(workspace()));
  const started = Date.now();
  clockAheadBy(10 * MINUTE_MS);
  await pool.pause({ tenant: "acme", sandboxId: grant.sandboxId });
  await evictDurableObject(pool);
  await pool.pause({ tenant: "acme", sandboxId: grant.sandboxId });
  clockAheadBy(3 * 60 * MINUTE_MS);
  granted(await pool.use({ tenant: "acme", sandboxId: grant.sandboxId }));
  clockAheadBy(3 * 60 * MINUTE_MS + 5 * MINUTE_MS);
  await pool.end({ tenant: "acme", sandboxId: grant.sandboxId });
  await pool.end({ tenant: "acme", sandboxId: grant.sandboxId });
  const slackMs = realNow() - started + 1000;
  expect(await charged(pool)).toBeGreaterThanOrEqual(15 * MINUTE_MS);
  expect(await charged(pool)).toBeLessThan(15 * MINUTE_MS + slackMs);
  expect(await sql(pool, "SELECT DISTINCT usd_per_s FROM ledger")).toEqual([{ usd_per_s: USD_PER_S }]);
});

test("what E2B paused by its own timeout is charged up to that timeout", async () => {
  const pool = newPool();
  const grant = granted(await pool.claim(workspace()));
  await e2b.pause(grant.session.sandboxId);
  clockAheadBy(5 * 60 * MINUTE_MS);
  await sql(pool, "UPDATE setting SET value = '1' WHERE name = 'reconcile_at'");
  await sql(pool, "UPDATE sandbox SET due_at = NULL");
  await runDurableObjectAlarm(pool);
  expect((await rows(pool))[0]).toMatchObject({ state: "paused" });
  expect(await charged(pool)).toBeGreaterThan(42 * MINUTE_MS - 10_000);
  expect(await charged(pool)).toBeLessThan(42 * MINUTE_MS + 10_000);
});
