import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import type { NewRun } from "../../src/durable/runs/types.ts";
import { Runs } from "../../src/index.ts";

const STEPS = 3;
const ITEMS = 2;
const SECOND_MS = 1000;
const KEPT_MS = 7 * 24 * 3600 * SECOND_MS;

const RUN: NewRun = {
  run: "r0-fedcba9876543210fedcba9876543210",
  tenant: "acme",
  input: "{}",
  ops: Array.from({ length: STEPS }, () => "status"),
  items: Array.from({ length: ITEMS }, () => ({ name: "x" })),
  seed: "seed",
  sealed: "sealed",
  caller: {},
};
const OWN = { tenant: RUN.tenant, run: RUN.run };

/**
 * The events that may come in any order: from callers, from instances that are at work, late or lost, and from the
 * clock.
 */
const move = fc.record({
  kind: fc.constantFrom("begin", "report", "report", "report", "renew", "finish", "cancel", "retry", "evict", "wait"),
  /** Mostly the instance that has the run, sometimes an older or a future one. */
  generation: fc.constantFrom(0, 0, 0, -1, 1),
  item: fc.integer({ min: 1, max: ITEMS }),
  step: fc.integer({ min: 0, max: STEPS - 1 }),
  status: fc.constantFrom("running", "running", "waiting", "done", "failed", "not_begun"),
  seconds: fc.integer({ min: 1, max: 60 }),
});
type Move = typeof move extends fc.Arbitrary<infer Value> ? Value : never;

const LEGAL: Readonly<Record<string, readonly string[]>> = {
  queued: ["running", "canceled", "failed"],
  running: ["canceling", "canceled", "done", "failed"],
  canceling: ["canceled"],
  done: [],
  failed: ["queued"],
  canceled: ["queued"],
};

let objects = 0;

test("a run stays consistent whatever comes in whatever order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 40 }), async (moves) => {
      const stub = env.RUNS.getByName(`model-${++objects}`);
      await runInDurableObject(stub, async (_, state) => {
        const own = Object.assign(Object.create(env), {
          RUN: { createBatch: async () => ({ created: [], errors: [] }) },
        });
        let now = Date.now();
        const clock = vi.spyOn(Date, "now").mockImplementation(() => now);
        const rows = (query: string) => state.storage.sql.exec(query).toArray();
        let runs = new Runs(state, own);
        const play = async ({ kind, generation, item, step, status, seconds }: Move) => {
          const [row] = rows("SELECT generation FROM run");
          const instance = { run: RUN.run, generation: Number(row?.["generation"] ?? 1) + generation };
          if (kind === "begin") await runs.begin(instance);
          else if (kind === "report") runs.report(instance, item, [{ step, status, result: "{}", error: "{}" }]);
          else if (kind === "renew") runs.renew(instance);
          else if (kind === "finish") await runs.finish(instance);
          else if (kind === "cancel") await runs.cancel(OWN);
          else if (kind === "retry") await runs.retry({ ...OWN, sealed: "again" });
          else if (kind === "evict") runs = new Runs(state, own);
          else {
            now += seconds * SECOND_MS;
            await runs.alarm();
          }
        };
        try {
          await runs.start(RUN);
          for (const one of moves) {
            await play(one);
            await expectConsistent(runs, rows);
          }
          // In every state the run ends if no instance works on it, and no row of it is left in the end.
          for (let hour = 0; hour < 30; hour++) {
            now += 3600 * SECOND_MS;
            await runs.alarm();
          }
          expect(["done", "failed", "canceled"]).toContain((await runs.view(OWN))?.status);
          now += KEPT_MS;
          await runs.alarm();
          for (const table of ["run", "step", "event", "piece"]) expect(rows(`SELECT * FROM ${table}`)).toEqual([]);
        } finally {
          clock.mockRestore();
        }
      });
    }),
    { numRuns: process.env["NIGHTLY"] === undefined ? 150 : 3000 },
  );
});

async function expectConsistent(runs: Runs, rows: (query: string) => Record<string, unknown>[]): Promise<void> {
  const view = await runs.view(OWN);
  const page = await runs.events({ ...OWN, after: 0, waitMs: 0 });
  const events = page?.events ?? [];
  expect(events.map(({ id }) => id)).toEqual(events.map((_, at) => at + 1));
  const statuses = events.filter(({ step }) => step === undefined).map(({ status }) => status);
  expect(statuses.at(-1)).toBe(view?.status);
  for (const [at, status] of statuses.entries()) if (at > 0) expect(LEGAL[statuses[at - 1] ?? ""]).toContain(status);

  const steps = rows("SELECT item, status FROM step");
  const count = (...wanted: string[]) => steps.filter(({ status }) => wanted.includes(String(status))).length;
  expect(view?.steps).toEqual({ done: count("done"), failed: count("failed"), running: count("running", "waiting") });
  const items = new Set(steps.filter(({ status }) => status !== "not_begun").map(({ item }) => item));
  const counts = view?.itemCounts ?? { done: 0, failed: 0, running: 0 };
  expect(counts.done + counts.failed + counts.running).toBe(items.size);

  const [row] = rows("SELECT status, sealed, lease_until, ended_at, delete_at FROM run");
  const isOver = ["done", "failed", "canceled"].includes(String(row?.["status"]));
  // A run that goes on has tokens and a lease; one that has ended has an end and a time of deletion.
  expect([row?.["sealed"] === null, row?.["lease_until"] === null]).toEqual([isOver, isOver]);
  expect([row?.["ended_at"] !== null, row?.["delete_at"] !== null]).toEqual([isOver, isOver]);
  if (isOver) expect(count("running", "waiting")).toBe(0);
}
