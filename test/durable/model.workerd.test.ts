import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { env } from "cloudflare:workers";
import { expect, inject, test } from "vitest";
import type { Grant } from "../../src/durable/sandboxes/grant.ts";
import type { SandboxPool } from "../../src/durable/SandboxPool.ts";
import { told, Work } from "./model-work.ts";
import {
  e2b,
  endFaults,
  fault,
  hostedSandboxes,
  hostUrl,
  newPoolName,
  type Pool,
  poolId,
  sql,
  workspace,
} from "./support.ts";

// POOL_MIN 2, POOL_MAX 4, E2B_MAX_SANDBOXES 6: see vitest.config.ts.
const MAX_RUNNING = 6;
const STEPS = 40;
const DAY_MS = 24 * 3_600_000;

const agent = fc.constantFrom("a", "b", "c", "d", "e");
const pick = fc.nat(20);

/** The acts of callers, E2B, the platform and time on a pool. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("claim" as const),
      agents: fc.array(agent, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("use", "lost", "pause", "end", "open"), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("vanish", "e2b pauses"), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("work" as const),
      pick,
      commits: fc.boolean(),
      /** Begun at the same time: `lateMs` before the work or, if negative, after it. */
      beside: fc.constantFrom("nothing", "look and pause", "pause", "use", "vanish", "e2b pauses"),
      lateMs: fc.integer({ min: -30, max: 30 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("refuse" as const),
      status: fc.constantFrom(429, 429, 500),
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("snapshot" as const), name: agent, finished: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("hang" as const), when: fc.constantFrom("before", "after") }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("crash", "idle", "weeks", "months", "tend", "reconcile", "cut off") }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const tenantOf = (name: string) => (name < "c" ? "acme" : "other");

interface Known {
  readonly tenant: string;
  readonly grant: Grant;
}

/** The knowledge of a pool's callers. */
interface Callers {
  readonly known: Known[];
  readonly work: Work;
  /** Times at which E2B stopped a sandbox by itself. */
  readonly stops: number[];
}

/** Makes rows of the pool due now that were due at some time. */
const makeDue = (pool: Pool, where = "due_at IS NOT NULL") => sql(pool, `UPDATE sandbox SET due_at = 1 WHERE ${where}`);

/** Runs the alarm whether or not the platform has one scheduled. */
const alarm = (pool: Pool) => runInDurableObject(pool, (instance: SandboxPool) => instance.alarm());

async function hangingCreates(): Promise<number> {
  const settings = await (await fetch(`${hostUrl}/_local/faults`)).json<{ hangingCreates: number }>();
  return settings.hangingCreates;
}

async function act(pool: Pool, callers: Callers, todo: Step): Promise<void> {
  const { known, work } = callers;
  const chosen = "pick" in todo ? known[todo.pick % Math.max(known.length, 1)] : undefined;
  switch (todo.do) {
    case "claim":
      await Promise.all(
        todo.agents.map(async (name) => {
          const answer = await pool.claim(workspace(name, tenantOf(name)));
          if (answer.ok) known.push({ tenant: tenantOf(name), grant: answer });
        }),
      );
      return;
    case "hang": {
      await fault({ hangCreates: { count: 1, when: todo.when } });
      const claimed = pool.claim(workspace("hang", "acme"));
      const answered = claimed.then(() => true);
      // No creation hangs if the workspace was there already, or the pool had a sandbox for it.
      while (!(await Promise.race([answered, scheduler.wait(2)])) && !(await hangingCreates()));
      await endFaults();
      await claimed;
      return;
    }
    case "snapshot": {
      const { tenant, repository, url } = workspace(todo.name, tenantOf(todo.name));
      const builder = await pool.beginSnapshot({ tenant, repository, url });
      if (!builder?.ok || !todo.finished) return;
      const made = { head: todo.name, refs: null, bytes: 1, seconds: 9 };
      await pool.finishSnapshot({ tenant, makerId: builder.sandboxId, made });
      return;
    }
    case "refuse":
      return fault({ controlErrors: { count: todo.count, status: todo.status, retryAfterS: 3600 } });
    case "crash":
      // Not in order, as an eviction would end it, but in the middle of any work.
      return abortAllDurableObjects();
    case "idle":
      await sql(pool, "UPDATE sandbox SET last_used_at = last_used_at - 3000000, due_at = 1 WHERE state = 'bound'");
      return alarm(pool);
    case "weeks":
      return age(pool, 15);
    case "months": {
      // A use that is held in memory, and not yet written, would make a workspace younger.
      await abortAllDurableObjects();
      const again = env.SANDBOX_POOL.getByName(pool.name ?? "");
      await act(again, callers, { do: "idle" });
      // Announced, and due to be dropped for no longer than a save may take.
      for (const days of [15, 15, 8]) await age(again, days);
      return;
    }
    case "tend":
      await sql(pool, "INSERT OR REPLACE INTO setting VALUES ('tend_at', '1')");
      return alarm(pool);
    case "reconcile":
      await sql(pool, "INSERT OR REPLACE INTO setting VALUES ('reconcile_at', '1')");
      return alarm(pool);
    case "cut off":
      return orphans(pool, callers);
    case "use":
    case "lost":
    case "pause":
    case "end":
    case "open":
    case "vanish":
    case "e2b pauses":
      if (todo.do === "end" && chosen) work.ended(chosen.grant.sandboxId);
      if (chosen) await actOn(pool, callers, chosen, todo.do);
      return;
    case "work":
      if (chosen) await workBeside(pool, callers, chosen, todo);
  }
}

/** Moves the times of paused workspaces back, as if they had been unused for so many days. */
async function age(pool: Pool, days: number): Promise<void> {
  await sql(
    pool,
    `UPDATE sandbox SET last_used_at = last_used_at - ?1, announced_at = announced_at - ?1, due_at = 1
     WHERE state = 'paused' AND charged_until IS NULL`,
    days * DAY_MS,
  );
  return alarm(pool);
}

/** Makes a workspace one whose start lost its answer with the waiting object: no caller was granted it yet. */
async function orphans(pool: Pool, { known, work }: Callers): Promise<void> {
  const [row] = await sql(
    pool,
    `UPDATE sandbox SET e2b_id = NULL, state = 'warming', charged_until = NULL, due_at = 1 WHERE sandbox_id =
       (SELECT sandbox_id FROM sandbox WHERE state = 'bound' AND sandbox_id NOT IN (SELECT value FROM json_each(?)) LIMIT 1)
     RETURNING sandbox_id`,
    JSON.stringify(work.workspaces()),
  );
  const granted = known.filter(({ grant }) => grant.sandboxId !== row?.["sandbox_id"]);
  known.splice(0, known.length, ...granted);
}

/** Longer than the smallest operation takes. */
const PAUSE_TAKES_MS = 250;

/** Runs an operation, by a grant that may be old, while something else happens to its workspace. */
async function workBeside(
  pool: Pool,
  callers: Callers,
  chosen: Known,
  { commits, beside, lateMs }: Extract<Step, { do: "work" }>,
): Promise<void> {
  const work = () => told(callers.work.do(pool, chosen.tenant, chosen.grant, commits));
  if (beside === "nothing") return work();
  if (beside === "look and pause") return workAfterLook(pool, callers, chosen, work);
  const late = async (ms: number, what: () => Promise<void>) => {
    if (ms > 0) await scheduler.wait(ms);
    return what();
  };
  await Promise.all([late(lateMs, work), late(-lateMs, () => actOn(pool, callers, chosen, beside))]);
}

/** Runs work that comes after the pool has looked, while E2B is slow to pause. */
async function workAfterLook(pool: Pool, callers: Callers, chosen: Known, work: () => Promise<void>): Promise<void> {
  await fault({ latencyMs: { control: PAUSE_TAKES_MS } });
  const pausing = actOn(pool, callers, chosen, "pause");
  const ended = pausing.then(() => true);
  const state = "SELECT state FROM sandbox WHERE sandbox_id = ?";
  // If no sandbox is paused, the loop ends at once.
  while ((await sql(pool, state, chosen.grant.sandboxId))[0]?.["state"] === "bound") {
    if (await Promise.race([ended, scheduler.wait(2)])) break;
  }
  await Promise.all([pausing, work()]);
  await fault({ latencyMs: { control: 0 } });
}

type OnOne = Exclude<Extract<Step, { pick: number }>["do"], "work">;

async function actOn(pool: Pool, { stops }: Callers, { tenant, grant }: Known, what: OnOne): Promise<void> {
  const { sandboxId, generation, session } = grant;
  const e2bId = session.sandboxId;
  const request = { tenant, sandboxId };
  switch (what) {
    case "use":
      expect(await pool.use({ tenant: "nobody", sandboxId })).toMatchObject({ ok: false });
      await pool.use(request);
      return;
    case "lost":
      await pool.use({ ...request, lost: generation });
      return;
    case "pause":
      await pool.pause(request);
      return;
    case "end":
      await pool.end(request);
      return;
    case "open":
      await pool.view({ ...request, open: true });
      return;
    case "vanish":
      stops.push(Date.now());
      await fetch(`${hostUrl}/_local/sandboxes/${e2bId}`, { method: "DELETE" });
      return;
    case "e2b pauses":
      stops.push(Date.now());
      await e2b.pause(e2bId).catch(() => undefined);
  }
}

const hosted = async (mark: string) =>
  (await hostedSandboxes()).filter(({ metadata }) => metadata["warmtree_pool"] === mark);

async function expectInvariants(pool: Pool, mark: string): Promise<void> {
  expect((await hosted(mark)).filter(({ state }) => state === "running").length).toBeLessThanOrEqual(MAX_RUNNING);
  const shared = await sql(
    pool,
    "SELECT e2b_id FROM sandbox WHERE e2b_id IS NOT NULL GROUP BY e2b_id HAVING COUNT(*) > 1",
  );
  expect(shared).toEqual([]);
  const doubled = await sql(
    pool,
    "SELECT agent_id FROM sandbox WHERE state <> 'gone' AND tenant IS NOT NULL GROUP BY tenant, repository, agent_id, task_id HAVING COUNT(*) > 1",
  );
  expect(doubled).toEqual([]);
}

/**
 * The pool checks a sandbox that it resumed for up to 15 s if E2B pauses it meanwhile; see
 * src/durable/sandboxes/probe.ts.
 */
const MOVES_END_MS = 20_000;

/** With E2B well again and no move under way, one alarm for due work and one reconcile make rows and host agree. */
async function expectAgreement(pool: Pool, mark: string): Promise<void> {
  await endFaults();
  // The two lists are read one after the other: the pool's own refills would make them differ.
  await sql(pool, "INSERT OR REPLACE INTO setting VALUES ('tend_at', ?)", String(Number.MAX_SAFE_INTEGER));
  await sql(pool, "UPDATE sandbox SET created_at = created_at - 200000 WHERE state = 'warming'");
  const agree = async () => {
    await makeAllDue(pool);
    // A start or resume that E2B has not answered yet is in only one of the two lists.
    const moving = "SELECT 1 FROM sandbox WHERE state = 'warming' OR (state = 'paused' AND charged_until IS NOT NULL)";
    await expect.poll(async () => (await sql(pool, moving)).length).toBe(0);
    const rows = await sql(pool, "SELECT e2b_id, state FROM sandbox WHERE e2b_id IS NOT NULL ORDER BY e2b_id");
    const ours = rows.map(({ e2b_id, state }) => `${e2b_id} ${state === "paused" ? "paused" : "running"}`);
    const theirs = (await hosted(mark)).map(
      ({ sandboxID, state }) => `${sandboxID} ${state === "paused" ? "paused" : "running"}`,
    );
    return { ours, theirs: theirs.sort() };
  };
  await expect
    .poll(agree, { timeout: MOVES_END_MS, interval: 500 })
    .toSatisfy(({ ours, theirs }: Awaited<ReturnType<typeof agree>>) => ours.join("\n") === theirs.join("\n"));
}

async function makeAllDue(pool: Pool): Promise<void> {
  for (let n = 0; n < 2; n++) {
    await makeDue(
      pool,
      "state IN ('warming', 'paused', 'gone') AND due_at IS NOT NULL AND (charged_until IS NOT NULL OR e2b_id IS NULL OR state = 'gone')",
    );
    await sql(pool, "INSERT OR REPLACE INTO setting VALUES ('reconcile_at', '1')");
    await alarm(pool);
  }
}

interface AccountRow {
  readonly sandboxID: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly runningSeconds: number;
}

/** Returns how long the host takes to start a sandbox at present, in seconds. */
async function startTakesS(): Promise<number> {
  const begunAt = Date.now();
  const { sandboxId } = await e2b.create({ template: "base", timeoutS: 60, metadata: {}, autoPause: false });
  const takenS = (Date.now() - begunAt) / 1000;
  await e2b.kill(sandboxId);
  return takenS;
}

/**
 * Compares the ledger with the host's own account, to one second for each sandbox. The ledger counts from the request
 * of a start, the host from its end: on a busy machine a start takes seconds, which are allowed too. A stop by E2B
 * itself counts from its detection.
 */
async function expectLedger(pool: Pool, mark: string, stops: readonly number[]): Promise<void> {
  const now = Date.now();
  const [closed] = await sql(pool, "SELECT COALESCE(SUM(running_ms), 0) AS ms FROM ledger");
  const [open] = await sql(
    pool,
    "SELECT COALESCE(SUM(? - charged_until), 0) AS ms FROM sandbox WHERE charged_until IS NOT NULL",
    now,
  );
  const account = await (await fetch(`${hostUrl}/_local/account`)).json<AccountRow[]>();
  const ours = account.filter(({ metadata }) => metadata["warmtree_pool"] === mark);
  const hostSeconds = ours.reduce((sum, { runningSeconds }) => sum + runningSeconds, 0);
  const ledgerSeconds = (Number(closed?.["ms"]) + Number(open?.["ms"])) / 1000;
  const off = Math.abs(ledgerSeconds - hostSeconds);
  const unseenS = stops.reduce((sum, at) => sum + (now - at), 0) / 1000;
  const allowed = ours.length + unseenS;
  if (off > allowed) expect(off).toBeLessThanOrEqual(allowed + ours.length * 4 * (await startTakesS()));
}

test("whatever happens: one sandbox a workspace, none unknown for longer than one reconcile, never too many, no work lost untold, a true ledger", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: STEPS / 2, maxLength: STEPS }), async (steps) => {
      const name = newPoolName();
      // A stub breaks together with its object, so each step takes a new one.
      const pool = () => env.SANDBOX_POOL.getByName(name);
      const callers: Callers = { known: [], work: new Work(), stops: [] };
      const mark = await poolId(pool());
      for (const todo of steps) {
        await act(pool(), callers, todo);
        await expectInvariants(pool(), mark);
        await callers.work.expectNotClean(pool());
      }
      await endFaults();
      await callers.work.expectKept(pool());
      await expectAgreement(pool(), mark);
      await expectLedger(pool(), mark, callers.stops);
      for (const { tenant, grant } of callers.known) await pool().end({ tenant, sandboxId: grant.sandboxId });
      // Makers whose Worker never reported a result are given up.
      await sql(pool(), "UPDATE sandbox SET created_at = 1, due_at = 1 WHERE maker_of IS NOT NULL");
      await alarm(pool());
      expect(await sql(pool(), "SELECT 1 FROM sandbox WHERE maker_of IS NOT NULL AND state <> 'gone'")).toEqual([]);
      await sql(pool(), "UPDATE setting SET value = '' WHERE name IN ('tend_at', 'reconcile_at')");
    }),
    { numRuns: inject("modelRuns"), endOnFailure: true },
  );
}, 1_800_000);
