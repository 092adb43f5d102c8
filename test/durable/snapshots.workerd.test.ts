import { runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import type { Grant, Seed } from "../../src/durable/sandboxes/grant.ts";
import type { SandboxPool } from "../../src/durable/SandboxPool.ts";
import { runProcess } from "../../src/e2b/process.ts";
import { snapshotPlane } from "../../src/e2b/snapshots.ts";
import {
  endFaults,
  fault,
  granted,
  hosted,
  hostUrl,
  listed,
  MINUTE_MS,
  newPool,
  type Pool,
  sql,
  workspace,
} from "./support.ts";

// SNAPSHOT_MAX 2: see vitest.config.ts.
const HEAD = "a3f5";
const REFS = "a3f5 refs/remotes/origin/main";
const config = { apiKey: "test", apiUrl: hostUrl, sandboxUrl: hostUrl, domain: "e2b.app" };
const repository = (name = "r") => ({
  tenant: "acme",
  repository: `github.com/o/${name}`,
  url: `https://github.com/o/${name}`,
});

afterEach(endFaults);

async function begun(pool: Pool, name?: string): Promise<Grant> {
  const builder = await pool.beginSnapshot(repository(name));
  if (!builder) throw new Error("one is being made already");
  return granted(builder);
}

/** Makes a snapshot as the Worker does, without git. */
async function make(pool: Pool, name?: string, head = HEAD): Promise<void> {
  const { sandboxId: makerId } = await begun(pool, name);
  expect(await pool.finishSnapshot({ tenant: "acme", makerId, made: { head, refs: REFS, bytes: 1, seconds: 8 } })).toBe(
    true,
  );
}

/** Leaves the files in a maker that the operation seed leaves there. */
const leaveSeed = ({ session }: Grant, script: string) =>
  runProcess(config, session, {
    cmd: "/bin/sh",
    args: ["-c", script],
    envs: {},
    timeoutMs: 20_000,
    maxOutputBytes: 1000,
  });
const SEED = `git init -q .warmtree/seed && cd .warmtree/seed && git -c user.name=n -c user.email=n@example.com commit -q --allow-empty -m x`;

const states = async (pool: Pool) =>
  (await sql(pool, "SELECT state FROM snapshot ORDER BY made_at, snapshot_id")).map(({ state }) => state);
const snapshotIds = async (pool: Pool) => (await pool.snapshots("acme")).map(({ repository: name }) => name);

/** Runs the alarm as if that much time had passed. */
async function later(pool: Pool, ms: number): Promise<void> {
  await sql(pool, "UPDATE sandbox SET created_at = created_at - ?1, due_at = due_at - ?1", ms);
  await sql(
    pool,
    "UPDATE snapshot SET last_used_at = last_used_at - ?1, made_at = made_at - ?1, due_at = due_at - ?1",
    ms,
  );
  await runInDurableObject(pool, (instance: SandboxPool) => instance.alarm());
}

test("a claim starts from the snapshot, with the commit that its seed must be on; its builder is gone", async () => {
  const pool = newPool();
  await make(pool);
  expect(await listed(pool)).toEqual([]);
  const seeds: Seed[] = [];
  const onSeed = async (seed: Seed) => void seeds.push(seed);
  const grant = granted(await pool.claim(workspace("ada"), onSeed));
  expect(grant).toMatchObject({ source: "snapshot", seedHead: HEAD });
  expect(granted(await pool.claim(workspace("ada"), onSeed))).toMatchObject({ source: "live", seedHead: HEAD });
  expect(seeds).toEqual([{ head: HEAD, refs: REFS }]);
  expect(granted(await pool.claim(workspace("ada", "other")))).toMatchObject({ source: "cold" });
  expect(await pool.list("acme")).toHaveLength(1);
  expect(await pool.snapshots("other")).toEqual([]);
});

test("one at a time for a repository, by its tenant alone", async () => {
  const pool = newPool();
  const { sandboxId: makerId } = await begun(pool);
  expect(await pool.beginSnapshot(repository())).toBeUndefined();
  const made = { head: HEAD, refs: REFS, bytes: 1, seconds: 8 };
  expect(await pool.finishSnapshot({ tenant: "other", makerId, made })).toBe(false);
  expect(await pool.use({ tenant: "acme", sandboxId: makerId })).toMatchObject({ code: "workspace_not_found" });
  expect(await pool.finishSnapshot({ tenant: "acme", makerId, made })).toBe(true);
});

test("a Worker that left in the middle: the alarm waits for the clone and takes the snapshot", async () => {
  const pool = newPool();
  const builder = await begun(pool);
  await later(pool, MINUTE_MS / 2);
  expect(await states(pool)).toEqual(["making"]);
  const { exitCode } = await leaveSeed(
    builder,
    `${SEED}; git remote add origin x; git update-ref refs/remotes/origin/HEAD HEAD`,
  );
  expect(exitCode).toBe(0);
  await later(pool, MINUTE_MS);
  expect(await pool.snapshots("acme")).toMatchObject([
    { state: "ready", head: expect.stringMatching(/^[0-9a-f]{40}$/) },
  ]);
  expect(await listed(pool)).toEqual([]);
});

test("nothing comes of a builder without a clone: it is ended, and the repository left alone for a while", async () => {
  const pool = newPool();
  await begun(pool);
  await later(pool, 2 * MINUTE_MS);
  expect(await pool.snapshots("acme")).toEqual([]);
  expect(await listed(pool)).toEqual([]);
});

test("a clone that failed, and one without a commit, leave nothing", async () => {
  const pool = newPool();
  for (const made of [undefined, { made: { head: null, refs: null, bytes: 0, seconds: 1 } }]) {
    const { sandboxId: makerId } = await begun(pool);
    expect(await pool.finishSnapshot({ tenant: "acme", makerId, ...made })).toBe(false);
    expect(await pool.snapshots("acme")).toEqual([]);
    expect(await listed(pool)).toEqual([]);
  }
});

test("E2B takes no snapshot just now: the alarm tries again", async () => {
  const pool = newPool();
  const builder = await begun(pool);
  await leaveSeed(builder, `${SEED}; git update-ref refs/remotes/origin/HEAD HEAD`);
  await fault({ controlErrors: { count: 10, status: 500 } });
  const made = { head: HEAD, refs: REFS, bytes: 1, seconds: 8 };
  expect(await pool.finishSnapshot({ tenant: "acme", makerId: builder.sandboxId, made })).toBe(false);
  expect(await states(pool)).toEqual(["making"]);
  await endFaults();
  await later(pool, 2 * MINUTE_MS);
  expect(await pool.snapshots("acme")).toMatchObject([{ state: "ready" }]);
});

test("a snapshot that E2B does not have any more: the claim goes the ordinary way, and it is dropped", async () => {
  const pool = newPool();
  await make(pool);
  const [{ e2b_id = "" } = {}] = await sql(pool, "SELECT e2b_id FROM snapshot");
  expect(await snapshotPlane(config).delete(String(e2b_id))).toBe(true);
  expect(granted(await pool.claim(workspace()))).toMatchObject({ source: "cold" });
  expect(await pool.snapshots("acme")).toEqual([]);
});

test("E2B starts nothing from it just now: the ordinary way is tried, and the snapshot kept", async () => {
  const pool = newPool();
  await make(pool);
  await fault({ controlErrors: { count: 1, status: 429, retryAfterS: 3600 } });
  expect(granted(await pool.claim(workspace()))).toMatchObject({ source: "cold" });
  expect(await pool.snapshots("acme")).toHaveLength(1);
});

test("a workspace that was ended while its sandbox started says nothing of the snapshot", async () => {
  const pool = newPool();
  await make(pool);
  await fault({ hangCreates: { count: 1, when: "after" } });
  const claim = pool.claim(workspace());
  await expect.poll(() => hosted(pool)).toHaveLength(1);
  const { sandboxId } = (await pool.list("acme"))[0] ?? expect.fail("no workspace");
  await pool.end({ tenant: "acme", sandboxId });
  await endFaults();
  expect(await claim).toMatchObject({ code: "workspace_gone" });
  expect(await pool.snapshots("acme")).toHaveLength(1);
});

test("an answer of the start that was lost: the next claim finds the sandbox, and that it came from a snapshot", async () => {
  const pool = newPool();
  await make(pool);
  await fault({ controlErrors: { count: 1, status: 500 } });
  expect(await pool.claim(workspace())).toMatchObject({ ok: false, code: "sandbox_unavailable" });
  expect(granted(await pool.claim(workspace()))).toMatchObject({ source: "snapshot", seedHead: HEAD });
});

test("a seed that did not verify drops the snapshot", async () => {
  const pool = newPool();
  await make(pool);
  const { sandboxId } = granted(await pool.claim(workspace()));
  const facts = { tenant: "acme", sandboxId, seconds: 9, full: true };
  expect(await pool.cloned({ ...facts, tenant: "other", seed: "unsound" })).toBe(false);
  expect(await pool.snapshots("acme")).toHaveLength(1);
  await pool.cloned({ ...facts, seed: "unsound" });
  expect(await pool.snapshots("acme")).toEqual([]);
});

test("clones say when a snapshot is wanted: a long one, and a long fetch on top of one", async () => {
  const pool = newPool();
  const first = granted(await pool.claim(workspace("ada")));
  const facts = (sandboxId: string, seconds: number) => ({ tenant: "acme", sandboxId, seconds });
  expect(await pool.cloned({ ...facts(first.sandboxId, 0.1), full: true })).toBe(false);
  expect(await pool.cloned({ ...facts(first.sandboxId, 600), full: true })).toBe(true);
  await make(pool);
  const second = granted(await pool.claim(workspace("bob")));
  expect(await pool.cloned({ ...facts(second.sandboxId, 0.4), full: false, seed: "used" })).toBe(false);
  expect(await pool.cloned({ ...facts(second.sandboxId, 30), full: false, seed: "used" })).toBe(true);
});

test("beyond the cap the one that is worth least goes; E2B is asked again while a sandbox came from it", async () => {
  const pool = newPool();
  await make(pool, "r");
  await later(pool, 60 * MINUTE_MS);
  const kept = granted(await pool.claim(workspace()));
  await make(pool, "second");
  await later(pool, 60 * MINUTE_MS);
  await make(pool, "third");
  expect((await snapshotIds(pool)).toSorted()).toEqual(["github.com/o/r", "github.com/o/third"]);
  await later(pool, 0);
  expect(await states(pool)).toEqual(["ready", "ready"]);

  const [snapshot] = (await pool.snapshots("acme")).filter(({ repository: name }) => name === "github.com/o/r");
  expect(await pool.dropSnapshot({ tenant: "acme", snapshotId: snapshot?.snapshotId ?? "" })).toBe(true);
  await later(pool, 0);
  expect(await states(pool)).toEqual(["gone", "ready"]);
  await pool.end({ tenant: "acme", sandboxId: kept.sandboxId });
  await later(pool, 7 * 60 * MINUTE_MS);
  expect(await states(pool)).toEqual(["ready"]);
});

test("not used for a month, it goes", async () => {
  const pool = newPool();
  await make(pool);
  await later(pool, 31 * 24 * 60 * MINUTE_MS);
  expect(await pool.snapshots("acme")).toEqual([]);
  await later(pool, 0);
  expect(await states(pool)).toEqual([]);
});
