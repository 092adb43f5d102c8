import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Archive, archiveOf } from "../../src/archive/archive.ts";
import { workOf } from "../../src/execution/bundle.ts";
import type { Grant } from "../../src/durable/sandboxes/grant.ts";
import { AlarmHandler } from "../../src/durable/alarm.ts";
import { createShard } from "../../src/durable/shard.ts";
import type { SandboxPool } from "../../src/durable/SandboxPool.ts";
import {
  callerOf,
  e2b,
  endFaults,
  fault,
  granted,
  listed,
  MINUTE_MS,
  newPool,
  type Pool,
  shell,
  sql,
  workspace,
} from "./support.ts";

const DAY_MS = 24 * 60 * MINUTE_MS;
const DROPPED_MS = 28 * DAY_MS;

const realNow = Date.now.bind(Date);
function clockAheadBy(ms: number): void {
  vi.spyOn(Date, "now").mockImplementation(() => realNow() + ms);
}

afterEach(async () => {
  vi.restoreAllMocks();
  await endFaults();
});

const COMMIT = `git -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m x`;
const PUSHED = `git init -q -b main ~/repo && cd ~/repo && ${COMMIT} && git update-ref refs/remotes/origin/main HEAD`;
const WORK = `${PUSHED} && ${COMMIT} && echo new >new`;

let pool: Pool;
let grant: Grant;
let request: { tenant: string; sandboxId: string };
beforeEach(() => {
  pool = newPool();
});

/** Makes a workspace that was paused with unpushed work and, after its announcement, is due to be dropped. */
async function dueToDrop(script = WORK, afterPause?: () => Promise<unknown>): Promise<void> {
  vi.restoreAllMocks();
  grant = granted(await pool.claim(workspace()));
  request = { tenant: "acme", sandboxId: grant.sandboxId };
  await shell(grant, script);
  await pool.pause(request);
  await afterPause?.();
  clockAheadBy(21 * DAY_MS + 1000);
  await runDurableObjectAlarm(pool);
  clockAheadBy(DROPPED_MS + 2000);
}

const view = async () => (await pool.list("acme")).find(({ sandboxId }) => sandboxId === grant.sandboxId);
const saved = async () => (await view())?.saved;
const archived = () => archiveOf(env)?.get(request);
const caller = () => callerOf("acme", pool);

interface Counted {
  readonly counts: { readonly saves: object; readonly moves: object };
}

const counts = () =>
  runInDurableObject(pool, (_: SandboxPool, { storage }) => storage.kv.get<Counted>("metrics_report")?.counts);
const saves = async () => (await counts())?.saves;

async function textOf(body: ReadableStream): Promise<string> {
  return new TextDecoder().decode(await new Response(body).bytes());
}

test("before unpushed work is dropped, it is saved: listed, told as lost with its place, and downloaded", async () => {
  await dueToDrop();
  await runDurableObjectAlarm(pool);
  await expect.poll(saved).toBeDefined();
  expect(await listed(pool)).toEqual([]);
  expect(await view()).toMatchObject({ state: "gone", saved: { until: expect.any(Number) } });
  const path = `/v1/workspaces/${grant.sandboxId}/bundle`;
  expect(await pool.use(request)).toMatchObject({ code: "workspace_gone", detail: expect.stringContaining(path) });
  expect(granted(await pool.claim(workspace())).loss).toMatchObject({ unpushed: true, savedAs: grant.sandboxId });
  const { facts, body } = await workOf(caller(), grant.sandboxId);
  expect(facts).toMatchObject({ branch: "main", tarBytes: (await saved())?.bytes });
  expect(facts.bundleBytes).toBeGreaterThan(0);
  expect(await textOf(body)).toMatch(/# v2 git bundle[^]*\+new/);
});

test("what was saved is nobody else's", async () => {
  await dueToDrop();
  await runDurableObjectAlarm(pool);
  await expect.poll(saved).toBeDefined();
  const failing = workOf(callerOf("other", pool), grant.sandboxId);
  await expect(failing).rejects.toMatchObject({ code: "workspace_not_found" });
});

test("saved work is deleted after 30 days, or when its owner ends the workspace", async () => {
  for (const end of [() => pool.end(request), async () => clockAheadBy(DROPPED_MS + 30 * DAY_MS + 60_000)]) {
    pool = newPool();
    await dueToDrop();
    await runDurableObjectAlarm(pool);
    await expect.poll(saved).toBeDefined();
    clockAheadBy(DROPPED_MS + 29 * DAY_MS);
    await runDurableObjectAlarm(pool);
    expect(await archived()).toBeDefined();
    await end();
    await runDurableObjectAlarm(pool);
    expect(await archived()).toBeUndefined();
    expect(await view()).toBeUndefined();
  }
});

test("a clean workspace is dropped without a resume", async () => {
  await dueToDrop(PUSHED);
  expect(await listed(pool)).toEqual([]);
  expect(await archived()).toBeUndefined();
  expect(await counts()).toMatchObject({ moves: { resume: 0 }, saves: { saved: 0, failed: 0 } });
});

test("where nothing turns out to be unpushed, nothing is saved, and the loss says so", async () => {
  await dueToDrop(PUSHED, () => sql(pool, "UPDATE sandbox SET unpushed = NULL"));
  await runDurableObjectAlarm(pool);
  await expect.poll(view).toMatchObject({ state: "gone", loss: { unpushed: false } });
  expect(await saved()).toBeUndefined();
  expect(await archived()).toBeUndefined();
});

/**
 * Makes the archive store nothing until `isOpen`. Uses flags, because a promise of one Durable Object cannot be awaited
 * in another.
 */
function closeArchive(): { isOpen: boolean; isReached: boolean } {
  const gate = { isOpen: false, isReached: false };
  vi.spyOn(Archive.prototype, "put").mockImplementationOnce(async function (this: Archive, ...asked) {
    gate.isReached = true;
    while (!gate.isOpen) await scheduler.wait(2);
    return this.put(...asked);
  });
  return gate;
}

/** Begins to save, up to the call of the archive. */
async function savingBegun(): Promise<{ isOpen: boolean }> {
  const gate = closeArchive();
  await runDurableObjectAlarm(pool);
  await expect.poll(() => gate.isReached).toBe(true);
  return gate;
}

const stateAtE2b = async () => (await e2b.get(grant.session.sandboxId)).state;

const FAILURES: [what: string, fail: () => unknown][] = [
  ["the archive", () => vi.spyOn(Archive.prototype, "put").mockRejectedValueOnce(new Error("R2 is away"))],
  // Requests of other objects may come first and use up some of the errors.
  ["the resume", () => fault({ controlErrors: { count: 5, status: 429, retryAfterS: 3600 } })],
];

test.each(FAILURES)("where %s fails, the workspace is kept, paused again, and saved later", async (_, fail) => {
  await dueToDrop();
  await fail();
  await runDurableObjectAlarm(pool);
  await expect.poll(saves).toEqual({ saved: 0, failed: 1 });
  await endFaults();
  // The failure is counted a moment before the transition ends, and an alarm leaves a transition alone.
  const stateAfterAlarm = async () => {
    await runDurableObjectAlarm(pool);
    return stateAtE2b();
  };
  await expect.poll(stateAfterAlarm).toBe("paused");
  expect(await view()).toMatchObject({ state: "paused", unpushed: true });
  expect(await archived()).toBeUndefined();
  // Not before the workspace is due again.
  await sql(pool, "UPDATE sandbox SET due_at = 1 WHERE save_after < ?", Date.now());
  clockAheadBy(DROPPED_MS + 10 * MINUTE_MS);
  await runDurableObjectAlarm(pool);
  await expect.poll(saved).toBeDefined();
  expect(await saves()).toEqual({ saved: 1, failed: 1 });
});

test("an archive that takes nothing leaves no sandbox that waits for it, however large the work is", async () => {
  await dueToDrop(`${PUSHED} && head -c 20000000 /dev/urandom >large`);
  vi.spyOn(Archive.prototype, "put").mockRejectedValueOnce(new Error("R2 is away"));
  await runDurableObjectAlarm(pool);
  await expect.poll(saves).toEqual({ saved: 0, failed: 1 });
  await expect
    .poll(async () => {
      await sql(pool, "UPDATE sandbox SET due_at = 1 WHERE charged_until IS NOT NULL");
      await runDurableObjectAlarm(pool);
      return stateAtE2b();
    })
    .toBe("paused");
});

test("what cannot be saved for a week is dropped, and told as lost", async () => {
  await dueToDrop();
  clockAheadBy(DROPPED_MS + 7 * DAY_MS + 5000);
  await runDurableObjectAlarm(pool);
  expect(await view()).toMatchObject({ state: "gone", loss: { unpushed: true } });
  expect(await saves()).toEqual({ saved: 0, failed: 0 });
  const failing = workOf(caller(), grant.sandboxId);
  await expect(failing).rejects.toMatchObject({
    code: "workspace_gone",
    message: expect.stringContaining("which is lost"),
  });
});

test("whoever comes while it is saved keeps the workspace", async () => {
  await dueToDrop();
  const gate = await savingBegun();
  const using = pool.use(request);
  await pool.list("acme");
  gate.isOpen = true;
  expect(granted(await using)).toMatchObject({ sandboxId: grant.sandboxId });
  expect(await view()).toMatchObject({ state: "bound" });
  expect(await saved()).toBeUndefined();
  await shell(granted(await pool.use(request)), "test -e ~/repo/new");
});

test("its owner ends a workspace while it is saved: it ends, and nothing of it stays", async () => {
  await dueToDrop();
  const gate = await savingBegun();
  await pool.end(request);
  gate.isOpen = true;
  await expect.poll(archived).toBeDefined();
  expect(await view()).toMatchObject({ state: "gone" });
  clockAheadBy(DROPPED_MS + 8 * DAY_MS);
  await runDurableObjectAlarm(pool);
  expect(await archived()).toBeUndefined();
});

test("an object that dies while it saves leaves a workspace that is paused and saved again", async () => {
  await dueToDrop();
  await savingBegun();
  await abortAllDurableObjects();
  pool = env.SANDBOX_POOL.getByName(pool.name ?? "");
  clockAheadBy(DROPPED_MS + 10 * MINUTE_MS);
  await runDurableObjectAlarm(pool);
  expect(await stateAtE2b()).toBe("paused");
  await runDurableObjectAlarm(pool);
  await expect.poll(saved).toBeDefined();
});

test("where no more sandboxes may run, it waits", async () => {
  await dueToDrop();
  const running = `INSERT INTO sandbox (sandbox_id, state, template, created_at, last_used_at, ends_at)
    SELECT 'full-' || value, 'warming', 'base', ?1, ?1, ?1 FROM generate_series(1, 20)`;
  await sql(
    pool,
    running.replace("generate_series(1, 20)", `json_each('[${Array.from({ length: 20 }, (_, n) => n).join()}]')`),
    Date.now(),
  );
  await runDurableObjectAlarm(pool);
  expect(await stateAtE2b()).toBe("paused");
  expect(await view()).toMatchObject({ state: "paused" });
  await sql(pool, "DELETE FROM sandbox WHERE sandbox_id LIKE 'full-%'");
  clockAheadBy(DROPPED_MS + 2 * MINUTE_MS);
  await runDurableObjectAlarm(pool);
  await expect.poll(saved).toBeDefined();
});

test("without a bucket, what was announced is dropped as it always was", async () => {
  await dueToDrop();
  const { ARCHIVE: _, ...settings } = env;
  await runInDurableObject(pool, (_pool: SandboxPool, ctx) => {
    const shard = createShard(ctx, settings, 0, Date.now());
    return new AlarmHandler(
      shard,
      (row) => row,
      () => Promise.resolve(),
    ).run();
  });
  expect(await view()).toMatchObject({ state: "gone", loss: { unpushed: true } });
  expect(await saved()).toBeUndefined();
});
