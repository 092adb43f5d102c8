import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import { dispatch } from "../../src/execution/dispatch.ts";
import type { Grant } from "../../src/durable/sandboxes/grant.ts";
import { edit } from "../../src/ops/edit.ts";
import type { SandboxTask } from "../../src/ops/operation.ts";
import type { Parsed } from "../../src/ops/output/script-output.ts";
import { push } from "../../src/ops/push.ts";
import {
  callerOf,
  e2b,
  endFaults,
  fault,
  granted,
  HOLDING,
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

/** Sets the object's clock ahead of the host's by a total of `ms`. */
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

test("an operation at work refuses the pause and goes on", async () => {
  const pool = newPool();
  const grant = granted(await pool.claim(workspace()));
  const request = { tenant: "acme", sandboxId: grant.sandboxId };
  await shell(grant, `${PUSHED} && ${HOLDING}`);
  expect(await pool.pause(request)).toMatchObject({ ok: false, code: "workspace_busy" });
  expect(await view(pool)).toMatchObject({ state: "bound" });
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

test.each([429, 500, undefined])(
  "a sandbox plane that fails once (%s) does not keep it from looking",
  async (status) => {
    const pool = newPool();
    const grant = granted(await pool.claim(workspace()));
    await shell(grant, `${PUSHED} && touch new`);
    await fault({ sandboxErrors: { count: 1, status, route: "process.Process/Start" } });
    expect(await pool.pause({ tenant: "acme", sandboxId: grant.sandboxId })).toBeUndefined();
    expect(await view(pool)).toMatchObject({ state: "paused", unpushed: true });
  },
);

/** Returns the loss that the pool reports for the workspace. */
const lossIn = async (pool: Pool) => (await view(pool))?.loss;

test.each([
  ["a HEAD whose commit is not there", "0".repeat(40), 0],
  ["no change where there were some", undefined, 1],
])(
  "resumed with less than was paused (%s): kept and counted, refused until a clone has said so, and told for a week",
  async (_, head, unpushed) => {
    const { pool, grant } = await pausedWorkspace(PUSHED);
    await sql(pool, "UPDATE sandbox SET head = COALESCE(?, head), unpushed = ?", head ?? null, unpushed);
    const paused = (await sql(pool, "SELECT head FROM sandbox"))[0]?.["head"];
    const request = { tenant: "acme", sandboxId: grant.sandboxId };
    for (let n = 0; n < 2; n++) {
      const detail = expect.stringContaining(`It was on commit ${paused}.`);
      expect(await pool.use(request)).toMatchObject({ ok: false, code: "workspace_rolled_back", detail });
    }
    const loss = { head: paused, unpushed: unpushed === 1 };
    expect(await view(pool)).toMatchObject({ state: "bound", loss });
    expect(await listed(pool)).toHaveLength(1);
    const claimed = granted(await pool.claim(workspace()));
    expect(claimed).toMatchObject({ sandboxId: grant.sandboxId, source: "live", loss });
    expect(granted(await pool.use(request)).source).toBe("live");
    expect(granted(await pool.claim(workspace())).loss).toMatchObject(loss);
    clockAheadBy(8 * DAY_MS);
    expect(granted(await pool.claim(workspace())).loss).toBeUndefined();
  },
);

test("a loss that nobody was told of is told however late", async () => {
  const { pool, grant } = await pausedWorkspace(PUSHED);
  await sql(pool, "UPDATE sandbox SET head = ?", "0".repeat(40));
  await pool.view({ tenant: "acme", sandboxId: grant.sandboxId, open: true });
  await expect.poll(() => lossIn(pool)).toBeDefined();
  clockAheadBy(8 * DAY_MS);
  const request = { tenant: "acme", sandboxId: grant.sandboxId };
  expect(await pool.use(request)).toMatchObject({ code: "workspace_rolled_back" });
  expect(granted(await pool.claim(workspace())).loss).toBeDefined();
  expect((await pool.use(request)).ok).toBe(true);
});

test("resumed with more than was paused, the workspace is newer than the look at it, and nothing is lost", async () => {
  const { pool, grant } = await pausedWorkspace(`${PUSHED} && ${COMMIT}`);
  await e2b.connect(grant.session.sandboxId, 60);
  await shell(grant, `cd ~/repo && ${COMMIT}`);
  expect(granted(await pool.use({ tenant: "acme", sandboxId: grant.sandboxId })).source).toBe("paused");
  expect(await lossIn(pool)).toBeUndefined();
});

/** An address where no server listens. */
const NO_HOST = "http://127.0.0.1:9";

/** Runs an operation of a Worker that was granted the workspace before. */
function operate(pool: Pool, grant: Grant, operation: SandboxTask, asked: object): Promise<Parsed<object>> {
  return dispatch(operation, asked, grant, callerOf("acme", pool, { allowedGitHosts: [NO_HOST], maxRetries: 0 }));
}

const committed = (parsed: Parsed<object>) => (parsed.ok ? undefined : parsed.error.details.work?.committed);

test("what reaches the sandbox between the look and E2B's pause is done after it: nothing of it is lost or taken for clean", async () => {
  const pool = newPool();
  const grant = granted(await pool.claim({ ...workspace(), url: `${NO_HOST}/o/r` }));
  const request = { tenant: "acme", sandboxId: grant.sandboxId };
  await shell(grant, PUSHED);
  const operations = [
    [edit, { files: [{ path: "new.txt", content: "new\n" }] }],
    // The remote does not accept the push, so the commit is only here.
    [push, { message: "new" }],
  ] as const;
  let used = grant;
  for (const [operation, asked] of operations) {
    await fault({ latencyMs: { control: 1000 } });
    const pausing = pool.pause(request);
    await expect.poll(async () => (await rows(pool))[0]?.["state"]).toBe("paused");
    const done = operate(pool, used, operation, operation.input.parse({ sandbox_id: grant.sandboxId, ...asked }));
    expect(await pausing).toBeUndefined();
    await endFaults();
    const parsed = await done;
    used = granted(await pool.use(request));
    expect(used.source).toBe("live");
    if (operation === push) await shell(used, `cd ~/repo && [ "$(git rev-parse HEAD)" = ${committed(parsed)} ]`);
    else expect(parsed).toMatchObject({ ok: true });
  }
  await pool.pause(request);
  expect(await view(pool)).toMatchObject({ state: "paused", unpushed: true });
  expect((await pool.use(request)).ok).toBe(true);
  expect(await lossIn(pool)).toBeUndefined();
});

test("a pause that is owed looks again: the sandbox ran on, and may hold more", async () => {
  const pool = newPool();
  const grant = granted(await pool.claim(workspace()));
  await shell(grant, PUSHED);
  await fault({ controlErrors: { count: 1, status: 429, retryAfterS: 3600 } });
  await pool.pause({ tenant: "acme", sandboxId: grant.sandboxId });
  expect((await e2b.get(grant.session.sandboxId)).state).toBe("running");
  await shell(grant, "touch ~/repo/new");
  await sql(pool, "UPDATE sandbox SET due_at = 1");
  await runDurableObjectAlarm(pool);
  expect((await e2b.get(grant.session.sandboxId)).state).toBe("paused");
  expect(await view(pool)).toMatchObject({ state: "paused", unpushed: true });
});

test("an operation that waited for a pause which failed has its turn all the same", async () => {
  const pool = newPool();
  const { sandboxId } = granted(await pool.claim(workspace()));
  await fault({ controlErrors: { count: 1, status: 429, retryAfterS: 3600 } });
  const request = { tenant: "acme", sandboxId };
  const [, used] = await Promise.all([pool.pause(request), pool.use(request)]);
  expect(granted(used).sandboxId).toBe(sandboxId);
});

test("a paused workspace that E2B lost: the next clone gets another at once and hears what was lost", async () => {
  const { pool, grant } = await pausedWorkspace(`${PUSHED} && ${COMMIT}`);
  const head = (await sql(pool, "SELECT head FROM sandbox"))[0]?.["head"];
  await e2b.kill(grant.session.sandboxId);
  const next = granted(await pool.claim(workspace()));
  expect(next).toMatchObject({ source: "cold", loss: { head, unpushed: true } });
  expect(next.sandboxId).not.toBe(grant.sandboxId);
  const again = granted(await pool.claim(workspace()));
  expect(again).toMatchObject({ sandboxId: next.sandboxId, loss: { head } });
  const detail = expect.stringMatching(/lost\..* on commit [0-9a-f]{40}\. It had unpushed work.*Clone again/);
  const gone = { ok: false, code: "workspace_gone", detail };
  const request = { tenant: "acme", sandboxId: grant.sandboxId };
  expect(await pool.use(request)).toMatchObject(gone);
  expect(await pool.pause(request)).toMatchObject(gone);
  expect((await pool.list("acme")).map(({ state, loss }) => [state, loss?.unpushed])).toEqual([
    ["bound", undefined],
    ["gone", true],
  ]);
});

test("a pause finds out that E2B lost the workspace, and says so", async () => {
  const pool = newPool();
  const { sandboxId, session } = granted(await pool.claim(workspace()));
  await e2b.kill(session.sandboxId);
  const detail = expect.stringContaining("is not known");
  expect(await pool.pause({ tenant: "acme", sandboxId })).toMatchObject({ code: "workspace_gone", detail });
});

test("what its owner ended is no loss", async () => {
  const { pool, grant } = await pausedWorkspace(`${PUSHED} && ${COMMIT}`);
  await pool.end({ tenant: "acme", sandboxId: grant.sandboxId });
  expect(granted(await pool.claim(workspace())).loss).toBeUndefined();
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

test("every paused workspace is listed with the time when it is dropped, from the first day", async () => {
  for (const [script, days] of [
    [PUSHED, 14],
    [`${PUSHED} && touch new`, 28],
  ] as const) {
    const { pool } = await pausedWorkspace(script);
    const { dropsAt, lastUsedAt } = (await view(pool)) ?? expect.fail("no workspace");
    expect(dropsAt).toBe(lastUsedAt + days * DAY_MS);
  }
});

test("unpushed work is announced a week before it is dropped, and told as lost after that; a use takes it back", async () => {
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
  // The work is saved first.
  await expect.poll(() => view(pool)).toMatchObject({ state: "gone" });
  expect(granted(await pool.claim(workspace())).loss).toMatchObject({ unpushed: true });
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
