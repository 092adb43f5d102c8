import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { Runs } from "../../src/index.ts";
import type { NewRun } from "../../src/durable/runs/types.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** An object of a test's own, with a list in place of the Workflow. */
interface Scene {
  readonly runs: Runs;
  /** Instances that it has started. */
  readonly launched: string[];
  /** Returns another object on the same storage, as after an eviction. */
  readonly again: () => Runs;
  readonly rows: (query: string) => Record<string, unknown>[];
}

let objects = 0;

function withRuns(work: (scene: Scene) => Promise<void>): Promise<void> {
  const stub = env.RUNS.getByName(`test-${++objects}`);
  return runInDurableObject(stub, async (_, state) => {
    const launched: string[] = [];
    const createBatch = async ({ instances }: { instances: { id: string }[] }) => {
      // If the object ends here, the alarm continues.
      expect(await state.storage.getAlarm()).not.toBeNull();
      launched.push(...instances.map(({ id }) => id));
      return { created: [], errors: [] };
    };
    const own = Object.assign(Object.create(env), { RUN: { createBatch } });
    const again = () => new Runs(state, own);
    await work({ runs: again(), launched, again, rows: (query) => state.storage.sql.exec(query).toArray() });
  });
}

const ONE: NewRun = {
  run: "r0-0123456789abcdef0123456789abcdef",
  tenant: "acme",
  input: JSON.stringify({ steps: [{ op: "status" }, { op: "log" }] }),
  ops: ["status", "log"],
  seed: "seed",
  caller: { key: "k" },
};
const OWN = { tenant: ONE.tenant, run: ONE.run };
const instance = (generation: number) => ({ run: ONE.run, generation });
const done = (step: number, result = "{}") => ({ step, status: "done", result }) as const;
const begun = (step: number) => ({ step, status: "running" }) as const;

/** Lets time pass for the object alone. */
async function later(ms: number, work: () => Promise<unknown>): Promise<void> {
  vi.spyOn(Date, "now").mockReturnValue(Date.now() + ms);
  try {
    await work();
  } finally {
    vi.restoreAllMocks();
  }
}

describe("a run", () => {
  test("is started once, however often it is sent, and is its tenant's", () =>
    withRuns(async ({ runs, launched }) => {
      expect([await runs.start(ONE), await runs.start(ONE)]).toEqual([true, true]);
      expect(new Set(launched)).toEqual(new Set([`${ONE.run}-1`]));
      expect(await runs.view({ ...OWN, tenant: "other" })).toBeUndefined();
      expect(await runs.view(OWN)).toMatchObject({ status: "queued", ops: ["status", "log"] });
    }));

  test("goes on with another instance if the first is silent, and the first may write no more", () =>
    withRuns(async ({ runs, launched, again }) => {
      await runs.start(ONE);
      expect(await runs.begin(instance(1))).toMatchObject({ tenant: "acme", seed: "seed" });
      runs.report(instance(1), 0, [begun(0), begun(1)]);
      runs.report(instance(1), 0, [done(0, '{"branch":"main"}')]);
      const after = again();
      await later(MINUTE_MS, () => after.alarm());
      expect(launched).toEqual([`${ONE.run}-1`, `${ONE.run}-2`]);
      // The instance was only slow, and comes back.
      expect(after.report(instance(1), 0, [done(1)])).toBe(false);
      expect(after.renew(instance(1))).toBe(false);
      expect(await after.begin(instance(1))).toBeUndefined();
      await after.begin(instance(2));
      expect(after.states(instance(2), 0).map(({ step, status }) => [step, status])).toEqual([
        [0, "done"],
        [1, "running"],
      ]);
      expect(after.report(instance(2), 0, [begun(1), done(1)])).toBe(true);
      await after.finish(instance(2));
      expect(await after.view(OWN)).toMatchObject({ status: "done", steps: { done: 2 } });
    }));

  test("is not taken from an instance that reports, or says that it waits", () =>
    withRuns(async ({ runs, launched }) => {
      await runs.start(ONE);
      await runs.begin(instance(1));
      const error = '{"code":"git_unreachable"}';
      const retryAt = Date.now() + 5 * MINUTE_MS;
      runs.report(instance(1), 0, [begun(0)]);
      runs.report(instance(1), 0, [{ step: 0, status: "waiting", error, retryAt }], retryAt);
      await later(4 * MINUTE_MS, () => runs.alarm());
      expect(launched).toEqual([`${ONE.run}-1`]);
    }));

  test("gives each next instance more time to begin: Cloudflare may let it wait", () =>
    withRuns(async ({ runs, launched }) => {
      await runs.start(ONE);
      await later(MINUTE_MS, () => runs.alarm());
      expect(launched).toHaveLength(2);
      await later(MINUTE_MS + 30_000, () => runs.alarm());
      expect(launched).toHaveLength(2);
      await later(2 * MINUTE_MS, () => runs.alarm());
      expect(launched).toHaveLength(3);
    }));

  test("that is canceled ends at once if no step is under way, and else when its instance says so, or is lost", () =>
    withRuns(async ({ runs, launched }) => {
      await runs.start(ONE);
      await runs.begin(instance(1));
      runs.report(instance(1), 0, [begun(0), begun(1)]);
      runs.report(instance(1), 0, [done(0)]);
      await runs.cancel(OWN);
      expect(await runs.view(OWN)).toMatchObject({ status: "canceling" });
      // No other step may begin: the report of its begin is refused.
      expect(runs.report(instance(1), 0, [begun(1)])).toBe(false);
      await later(MINUTE_MS, () => runs.alarm());
      expect(await runs.view(OWN)).toMatchObject({ status: "canceled", steps: { done: 1, failed: 1 } });
      expect(runs.steps(OWN, 0)[1]).toMatchObject({
        status: "failed",
        error: expect.stringContaining("the effect of this step is unknown"),
      });
      expect(launched).toHaveLength(1);

      // The step's outcome is unknown, so a retry does not do it twice; the next failure is final.
      await runs.retry(OWN);
      await runs.begin(instance(3));
      expect(runs.states(instance(3), 0)).toMatchObject([{ status: "done" }, { status: "waiting", attempt: 1 }]);
      const error = JSON.stringify({ code: "conflict", detail: "", retryable: false });
      runs.report(instance(3), 0, [begun(1)]);
      runs.report(instance(3), 0, [{ step: 1, status: "failed", error }]);
      await runs.finish(instance(3));
      await runs.retry(OWN);
      await runs.begin(instance(4));
      expect(runs.states(instance(4), 0)[1]).toMatchObject({ status: "waiting", attempt: 2 });
      await runs.cancel(OWN);
      expect(await runs.view(OWN)).toMatchObject({ status: "canceled", steps: { done: 1, failed: 0 } });
    }));

  test("is one of 2,000 that are kept of a tenant when they have ended: the oldest go", () =>
    withRuns(async ({ runs, rows }) => {
      const nth = (n: number) => ({ ...ONE, run: ONE.run.replace("0123", n.toString(16).padStart(4, "0")) });
      let now = Date.now();
      const clock = vi.spyOn(Date, "now").mockImplementation(() => now++);
      for (let n = 0; n < 2003; n++) {
        await runs.start(nth(n));
        await runs.cancel({ ...OWN, run: nth(n).run });
      }
      await runs.start({ ...nth(9000), tenant: "other" });
      clock.mockRestore();
      expect(rows("SELECT COUNT(*) AS number FROM run WHERE tenant = 'acme'")).toEqual([{ number: 2001 }]);
      expect(await runs.view({ ...OWN, run: nth(0).run })).toBeUndefined();
      expect(await runs.view({ ...OWN, run: nth(2).run })).toBeDefined();
    }));

  test("that ends every instance ends itself", () =>
    withRuns(async ({ runs }) => {
      await runs.start(ONE);
      await runs.begin(instance(1));
      runs.report(instance(1), 0, [begun(0)]);
      for (let hour = 1; hour < 30; hour++) await later(hour * 60 * MINUTE_MS, () => runs.alarm());
      expect(await runs.view(OWN)).toMatchObject({
        status: "failed",
        error: expect.stringContaining("the effect of this step is unknown"),
      });
      expect(runs.steps(OWN, 0)).toMatchObject([
        { status: "failed", error: expect.stringContaining("the effect of this step is unknown") },
      ]);
    }));

  test("keeps the caller's tokens only while it goes on, and its results for a week", () =>
    withRuns(async ({ runs, rows }) => {
      await runs.start({ ...ONE, sealed: "sealed tokens" });
      expect(await runs.begin(instance(1))).toMatchObject({ sealed: "sealed tokens" });
      await runs.finish(instance(1));
      expect(rows("SELECT sealed FROM run")).toEqual([{ sealed: null }]);
      await later(6 * DAY_MS, () => runs.alarm());
      expect(await runs.view(OWN)).toBeDefined();
      await later(8 * DAY_MS, () => runs.alarm());
      expect(await runs.view(OWN)).toBeUndefined();
      for (const table of ["run", "step", "event", "piece"]) expect(rows(`SELECT * FROM ${table}`)).toEqual([]);
    }));

  test("tells each change once, in order, and a report that comes twice changes nothing", () =>
    withRuns(async ({ runs }) => {
      await runs.start(ONE);
      await runs.begin(instance(1));
      for (let time = 0; time < 2; time++) runs.report(instance(1), 0, [begun(0)]);
      for (let time = 0; time < 2; time++) runs.report(instance(1), 0, [done(0, '{"a":1}'), begun(1)]);
      runs.report(instance(1), 0, [{ step: 1, status: "not_begun" }]);
      await runs.finish(instance(1));
      const page = await runs.events({ ...OWN, after: 0, waitMs: 0 });
      expect(page?.events.map(({ id, status, step, result }) => [id, status, step, result])).toEqual([
        [1, "queued", undefined, undefined],
        [2, "running", undefined, undefined],
        [3, "running", 0, undefined],
        [4, "done", 0, '{"a":1}'],
        [5, "running", 1, undefined],
        [6, "not_begun", 1, undefined],
        [7, "done", undefined, undefined],
      ]);
      expect(page?.ended).toBe(true);
      expect((await runs.events({ ...OWN, after: 5, waitMs: 0 }))?.events.map(({ id }) => id)).toEqual([6, 7]);
    }));

  test("with an input larger than a row is whole after an eviction", () =>
    withRuns(async ({ runs, again }) => {
      // Pieces end at every place within a character of two units.
      for (const [at, before] of ["", "x", "xy", "xyz"].entries()) {
        const run = ONE.run.replace("0123", `000${at}`);
        const input = before + "ä😀".repeat(400_000);
        await runs.start({ ...ONE, run, input });
        expect((await again().begin({ run, generation: 1 }))?.input).toBe(input);
      }
    }));

  test("is one of at most 100 of a tenant that have not ended", () =>
    withRuns(async ({ runs }) => {
      const nth = (n: number) => ({ ...ONE, run: ONE.run.replace("0123", String(n).padStart(4, "0")) });
      for (let n = 0; n < 100; n++) expect(await runs.start(nth(n))).toBe(true);
      expect(await runs.start(nth(100))).toBe(false);
      expect(await runs.start({ ...nth(101), tenant: "other" })).toBe(true);
      expect(await runs.start(nth(5))).toBe(true);
    }));
});

describe("a request with a key", () => {
  const request = { tenant: "acme", name: "n", digest: "d", holder: "first", leaseMs: 15_000 };
  const answer = { status: 200, type: "application/json", body: '{"a":1}' };

  test("that is lost may begin again, and one that is answered gets its answer for a day", () =>
    withRuns(async ({ runs, again, rows }) => {
      expect(await runs.meet(request)).toMatchObject({ kind: "begin" });
      expect(await runs.meet({ ...request, digest: "other" })).toEqual({ kind: "other" });
      const after = again();
      await later(16_000, async () =>
        expect(await after.meet({ ...request, holder: "second" })).toMatchObject({ kind: "begin" }),
      );
      // The first caller was only slow: its answer is no longer kept.
      after.settle(request, { ...answer, body: "late" });
      after.settle({ ...request, holder: "second" }, answer);
      expect(await after.meet({ ...request, holder: "third" })).toEqual({ kind: "answer", answer });
      expect(await after.meet({ ...request, tenant: "other" })).toMatchObject({ kind: "begin" });
      await later(DAY_MS + MINUTE_MS, () => after.alarm());
      expect(rows("SELECT * FROM answer")).toEqual([]);
      expect(rows("SELECT * FROM piece")).toEqual([]);
    }));

  test("without an answer to keep may be sent again at once, and no other in its place", () =>
    withRuns(async ({ runs }) => {
      await runs.meet(request);
      runs.settle(request);
      expect(await runs.meet({ ...request, holder: "x", digest: "other" })).toEqual({ kind: "other" });
      expect(await runs.meet({ ...request, holder: "second" })).toMatchObject({ kind: "begin" });
    }));

  test("waits for the answer of one that is under way", () =>
    withRuns(async ({ runs }) => {
      await runs.meet(request);
      const second = runs.meet({ ...request, holder: "second" });
      runs.settle(request, answer);
      expect(await second).toEqual({ kind: "answer", answer });
    }));
});
