import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import type { Grant } from "../../src/durable/sandboxes/grant.ts";
import type { Refusal } from "../../src/durable/sandboxes/refusal.ts";
import type { SandboxPool } from "../../src/durable/SandboxPool.ts";
import { e2b, endFaults, fault, granted, hosted, listed, newPool, type Pool, rows, sql, workspace } from "./support.ts";

const SHORTEST_MS = 15_000;
const LATE = {
  ok: false,
  code: "sandbox_unavailable",
  detail: "E2B did not start the sandbox within 15 s. The start continues, and nothing was changed. Call again in 5 s.",
  retryAfterS: 5,
};

afterEach(async () => {
  vi.useRealTimers();
  await endFaults();
});

/** Returns the answers to callers who wait for one call to E2B, after so much time has passed. */
function afterMs(
  ms: number,
  pool: Pool,
  calls: (instance: SandboxPool) => Promise<Grant | Refusal>[],
  meanwhile: (sql: SqlStorage) => void = () => undefined,
): Promise<(Grant | Refusal)[]> {
  return runInDurableObject(pool, async (instance: SandboxPool, { storage }) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const answers = calls(instance);
    // Each caller's timer, and the call's own.
    await expect.poll(() => vi.getTimerCount()).toBe(answers.length + 1);
    meanwhile(storage.sql);
    await vi.advanceTimersByTimeAsync(ms);
    const told = await Promise.all(answers);
    vi.useRealTimers();
    return told;
  });
}

test.each(["before", "after"] as const)(
  "a start that hangs (%s E2B made it) is told to all who wait, and its answer is theirs when it comes",
  async (when) => {
    const pool = newPool();
    await fault({ hangCreates: { count: 1, when } });
    const claims = (instance: SandboxPool) => [1, 2].map(() => instance.claim(workspace()));
    expect(await afterMs(SHORTEST_MS, pool, claims)).toEqual([LATE, LATE]);
    await endFaults();
    await expect.poll(() => rows(pool)).toMatchObject([{ state: "bound" }]);
    expect(granted(await pool.claim(workspace())).source).toBe("live");
    expect(await listed(pool)).toHaveLength(1);
  },
);

test("starts that were slow of late are waited for longer, also after an eviction", async () => {
  const pool = newPool();
  await sql(pool, "INSERT INTO setting VALUES ('starts', ?)", JSON.stringify({ version: 1, tookMs: [10_000] }));
  await evictDurableObject(pool);
  await fault({ hangCreates: { count: 1, when: "before" } });
  const claim = (instance: SandboxPool) => [instance.claim(workspace())];
  const detail = expect.stringMatching(/ within 50 s\./);
  expect(await afterMs(50_000, pool, claim)).toEqual([{ ...LATE, detail }]);
});

test("every start and resume is measured", async () => {
  const pool = newPool();
  const { sandboxId } = granted(await pool.claim(workspace()));
  await pool.pause({ tenant: "acme", sandboxId });
  granted(await pool.use({ tenant: "acme", sandboxId }));
  const [stored] = await sql(pool, "SELECT value FROM setting WHERE name = 'starts'");
  expect(JSON.parse(String(stored?.["value"]))).toMatchObject({ tookMs: [expect.any(Number), expect.any(Number)] });
});

test("a resume that hangs is told, and found done by a later call", async () => {
  const pool = newPool();
  const { sandboxId, session } = granted(await pool.claim(workspace()));
  await pool.pause({ tenant: "acme", sandboxId });
  await fault({ hangConnects: { count: 1 } });
  const uses = (instance: SandboxPool) => [instance.use({ tenant: "acme", sandboxId }), instance.claim(workspace())];
  expect(await afterMs(SHORTEST_MS, pool, uses)).toEqual([LATE, LATE]);
  await endFaults();
  await expect.poll(() => rows(pool)).toMatchObject([{ state: "bound" }]);
  expect(granted(await pool.use({ tenant: "acme", sandboxId }))).toMatchObject({ source: "live" });
  expect((await e2b.get(session.sandboxId)).state).toBe("running");
});

test("a workspace that is ended while its late start goes on: what comes of it is killed", async () => {
  const pool = newPool();
  await fault({ hangCreates: { count: 1, when: "after" } });
  await afterMs(SHORTEST_MS, pool, (instance) => [instance.claim(workspace())]);
  const { sandboxId } = (await pool.list("acme"))[0] ?? expect.fail("no workspace");
  await pool.end({ tenant: "acme", sandboxId });
  await endFaults();
  await expect.poll(() => hosted(pool)).toEqual([]);
});

test("a blank sandbox that came meanwhile is taken instead, once for all who wait; what the start still brings is killed", async () => {
  const pool = newPool();
  const blank = granted(await pool.claim(workspace("bob")));
  await fault({ hangCreates: { count: 1, when: "after" } });
  const told = await afterMs(
    SHORTEST_MS,
    pool,
    (instance) => [1, 2, 3].map(() => instance.claim(workspace())),
    (rowsOf) =>
      rowsOf.exec(
        "UPDATE sandbox SET state = 'warm', tenant = NULL, repository = NULL, url = NULL WHERE sandbox_id = ?",
        blank.sandboxId,
      ),
  );
  expect(told.map((answer) => granted(answer).sandboxId)).toEqual(Array(3).fill(blank.sandboxId));
  expect(told.map((answer) => granted(answer).source).sort()).toEqual(["live", "live", "pool"]);
  expect(await hosted(pool)).toHaveLength(2);
  await endFaults();
  await expect
    .poll(async () => (await hosted(pool)).map(({ sandboxID }) => sandboxID))
    .toEqual([blank.session.sandboxId]);
});
