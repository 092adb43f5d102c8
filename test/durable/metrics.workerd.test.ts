import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Metrics } from "../../src/durable/Metrics.ts";
import type { Batch } from "../../src/metrics/batch.ts";
import type { PoolSample } from "../../src/metrics/pool-sample.ts";
import { bucketOf, seriesOf, sumOf } from "../../src/metrics/series.ts";
import { NO_COUNTS, EMPTY_SHARD } from "../metrics/support.ts";

const MINUTE_MS = 60_000;
const CLONES = seriesOf("git_operations_total", { operation: "clone", status: "started" });
const PUSHES = seriesOf("git_operations_total", { operation: "push", status: "success" });
const FLUSHES = "warmtree_metrics_flushes_total";

let objects = 0;
const newObject = () => env.METRICS.getByName(`test-${++objects}`);
type Stub = ReturnType<typeof newObject>;

const batch = (deltas: [series: string, delta: number][], id: string = crypto.randomUUID()): Batch => ({
  id,
  deltas: new Map(deltas),
  exemplars: new Map(),
  ended: [],
});

const countsOf = async (stub: Stub) => Object.fromEntries((await stub.read()).counts);

/** Returns the rows of a table, and the time of the alarm. */
const inside = (stub: Stub, table: "batch" | "count" | "sample") =>
  runInDurableObject(stub, async (_: Metrics, state) => ({
    rows: state.storage.sql.exec(`SELECT * FROM ${table}`).toArray(),
    alarm: await state.storage.getAlarm(),
  }));

/** Moves rows back in time: the object then believes that this much time has passed. */
const age = (stub: Stub, ms: number) =>
  runInDurableObject(stub, (_: Metrics, state) => void state.storage.sql.exec("UPDATE batch SET at = at - ?", ms));

describe("batches", () => {
  test("are added up, and counted", async () => {
    const stub = newObject();
    await stub.add(batch([[CLONES, 2]]));
    await stub.add(
      batch([
        [CLONES, 3],
        [PUSHES, 1],
      ]),
    );
    expect(await countsOf(stub)).toEqual({ [CLONES]: 5, [PUSHES]: 1, [FLUSHES]: 2 });
  });

  test("that come twice, one after the other or at once, before or after an eviction, count once", async () => {
    const stub = newObject();
    const lost = batch([[CLONES, 2]]);
    await Promise.all([stub.add(lost), stub.add(lost), stub.add(lost)]);
    await stub.add(lost);
    await evictDurableObject(stub);
    await stub.add(lost);
    expect(await countsOf(stub)).toEqual({ [CLONES]: 2, [FLUSHES]: 1 });
  });

  test("in any order, repeated and with evictions between, sum up to what was counted", async () => {
    const delta = fc.tuple(fc.constantFrom(CLONES, PUSHES), fc.nat(100));
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ at: fc.nat(11) }) },
      { weight: 1, arbitrary: fc.constant("evict" as const) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(delta, { maxLength: 4 }), { minLength: 1, maxLength: 12 }),
        fc.array(step, { maxLength: 30 }),
        async (parts, steps) => {
          const stub = newObject();
          const batches = parts.map((deltas) => batch(deltas));
          const arrived = new Set<Batch>();
          for (const next of steps) {
            if (next === "evict") {
              await stub.read();
              await evictDurableObject(stub);
              continue;
            }
            const sendOnce = batches[next.at % batches.length];
            if (!sendOnce) continue;
            await stub.add(sendOnce);
            arrived.add(sendOnce);
          }
          const expected: Record<string, number> = {};
          for (const { deltas } of arrived) {
            for (const [series, by] of [...deltas, [FLUSHES, 1] as const]) {
              expected[series] = (expected[series] ?? 0) + by;
            }
          }
          expect(await countsOf(stub)).toEqual(expected);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("cannot bring a series that is not declared", async () => {
    const stub = newObject();
    await stub.add(
      batch([
        ['git_operations_total{operation="clone",status="started",tenant="acme"}', 1],
        ["x", 1],
      ]),
    );
    expect((await inside(stub, "count")).rows).toEqual([{ series: FLUSHES, value: 1 }]);
  });

  test("keep the newest example of each bucket over an eviction", async () => {
    const stub = newObject();
    const bucket = bucketOf("git_operation_duration_seconds", { operation: "clone" }, 0.3);
    const sum = sumOf("git_operation_duration_seconds", { operation: "clone" });
    const example = (traceId: string, at: number) => ({ traceId, value: 0.3, at });
    for (const [traceId, at] of [
      ["one", 1],
      ["two", 2],
    ] as const) {
      await stub.add({
        ...batch([
          [bucket, 1],
          [sum, 0.3],
        ]),
        exemplars: new Map([[bucket, example(traceId, at)]]),
      });
    }
    await evictDurableObject(stub);
    const { counts, exemplars } = await stub.read();
    expect([counts.get(bucket), counts.get(sum)]).toEqual([2, 0.6]);
    expect(exemplars).toEqual(new Map([[bucket, example("two", 2)]]));
  });
});

describe("ids of batches", () => {
  test("are forgotten by the alarm when nobody can send them any more, and not before", async () => {
    const stub = newObject();
    const first = batch([[CLONES, 1]], "first");
    await stub.add(first);
    await age(stub, 14 * MINUTE_MS);
    await stub.add(batch([[CLONES, 1]], "second"));
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect((await inside(stub, "batch")).rows).toMatchObject([{ id: "first" }, { id: "second" }]);
    await stub.add(first);
    await age(stub, 2 * MINUTE_MS);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect((await inside(stub, "batch")).rows).toMatchObject([{ id: "second" }]);
    expect(await countsOf(stub)).toEqual({ [CLONES]: 2, [FLUSHES]: 2 });
  });

  test("need no alarm once all are forgotten, and one again with the next", async () => {
    const stub = newObject();
    await stub.add(batch([]));
    await age(stub, 16 * MINUTE_MS);
    await runDurableObjectAlarm(stub);
    expect(await inside(stub, "batch")).toEqual({ rows: [], alarm: null });
    await stub.add(batch([]));
    expect((await inside(stub, "batch")).alarm).toBeGreaterThan(Date.now());
  });

  test("are forgotten after an eviction too", async () => {
    const stub = newObject();
    await stub.add(batch([]));
    await age(stub, 16 * MINUTE_MS);
    await evictDurableObject(stub);
    await runDurableObjectAlarm(stub);
    expect((await inside(stub, "batch")).rows).toEqual([]);
  });
});

describe("samples of the pool", () => {
  const sample = (sequence: number, facts: Partial<PoolSample> = {}): PoolSample => ({
    shard: 3,
    sequence,
    at: Date.now(),
    ...NO_COUNTS,
    ...EMPTY_SHARD,
    ...facts,
  });
  const kept = async (stub: Stub) =>
    (await stub.read()).samples.map(({ sample: { shard, sequence } }) => [shard, sequence]);

  test("replace each other by sequence: late and repeated ones change nothing", async () => {
    const stub = newObject();
    for (const sequence of [1, 3, 3, 2]) await stub.report(sample(sequence, { poolTarget: sequence }));
    await stub.report(sample(1, { shard: 4 }));
    await evictDurableObject(stub);
    await stub.report(sample(2, { poolTarget: 2 }));
    expect(await kept(stub)).toEqual([
      [3, 3],
      [4, 1],
    ]);
    expect((await stub.read()).samples[0]?.sample.poolTarget).toBe(3);
  });

  test("that are none are refused, and what was kept stays", async () => {
    const stub = newObject();
    await stub.report(sample(1));
    await runInDurableObject(stub, async (object: Metrics) => {
      await expect(object.report(sample(2, { running: Number.NaN }))).rejects.toThrow();
      await expect(object.report(sample(3, { ranSeconds: -1 }))).rejects.toThrow();
    });
    expect(await kept(stub)).toEqual([[3, 1]]);
  });

  test("remember what was told of running hours when a sandbox ended before it was due", async () => {
    const stub = newObject();
    const at = Date.now() - MINUTE_MS;
    await stub.report(sample(1, { at, running: 1, runningUntil: at + 60 * MINUTE_MS, ranSeconds: 100 }));
    await stub.report(sample(2, { ranSeconds: 101 }));
    const { samples } = await stub.read();
    expect(samples[0]?.maxReportedSeconds).toBeGreaterThanOrEqual(160);
    expect(samples[0]?.maxReportedSeconds).toBeLessThan(170);
  });
});

describe("the newest past", () => {
  const SLOT_MS = 5000;
  // Objects are named by their number; each test has its own.
  let numbers = 1000;
  const newNumbered = () => env.METRICS.getByName(String(++numbers));
  const shift = (stub: Stub, ms: number) =>
    runInDurableObject(stub, (_: Metrics, state) => void state.storage.sql.exec("UPDATE slot SET at = at - ?", ms));
  const sample = (sequence: number, poolTarget: number, at = Date.now()): PoolSample => ({
    ...NO_COUNTS,
    ...EMPTY_SHARD,
    shard: 0,
    sequence,
    at,
    poolTarget,
  });

  test("is kept in slots: what came in the same one is added up, once for each batch, over an eviction", async () => {
    const stub = newNumbered();
    const twice = batch([[CLONES, 2]]);
    await stub.add(twice);
    await evictDurableObject(stub);
    await stub.add(twice);
    await stub.add(batch([[CLONES, 3]]));
    const { slots } = (await stub.look(0)).history;
    expect(slots.every(({ at }) => at % SLOT_MS === 0)).toBe(true);
    expect(slots.map(({ counts }) => counts.get(CLONES) ?? 0).reduce((sum, count) => sum + count)).toBe(5);
  });

  test("ends: a slot that is too old goes when a new one begins", async () => {
    const stub = newNumbered();
    for (let count = 0; count < 5; count++) {
      await shift(stub, 19 * MINUTE_MS);
      await stub.add(batch([[CLONES, 1]]));
    }
    expect((await stub.look(0)).history.slots).toHaveLength(4);
    expect((await stub.look(Date.now() - 30 * MINUTE_MS)).history.slots).toHaveLength(2);
  });

  test("knows how the pool stood before it, as long as nothing else was told", async () => {
    const stub = newNumbered();
    expect((await stub.look(Date.now())).history).toEqual({ slots: [] });
    await stub.report(sample(1, 1, Date.now() - 40 * MINUTE_MS));
    await shift(stub, 40 * MINUTE_MS);
    await stub.report(sample(2, 2));
    await stub.report(sample(1, 9));
    const since = Date.now() - 30 * MINUTE_MS;
    const { before, slots } = (await stub.look(since)).history;
    expect([before?.poolTarget, slots.at(-1)?.standing?.poolTarget]).toEqual([1, 2]);
    // Also if it was reported so long ago that its slot is gone.
    const quiet = newNumbered();
    await quiet.report(sample(1, 3, since - 1));
    await runInDurableObject(quiet, (_: Metrics, state) => void state.storage.sql.exec("DELETE FROM slot"));
    expect((await quiet.look(since)).history.before?.poolTarget).toBe(3);
  });

  test("lists the operations that ended last, so many and no more", async () => {
    const stub = newNumbered();
    const ended = (at: number) => ({ at, operation: "push", tenant: "acme", seconds: 1, code: "conflict" as const });
    for (const first of [40, 0, 20]) {
      const operations = Array.from({ length: 20 }, (_, n) => ended(first + n));
      await stub.add({ ...batch([]), ended: operations });
    }
    await evictDurableObject(stub);
    expect((await stub.look(0)).newest).toEqual(Array.from({ length: 50 }, (_, n) => ended(59 - n)));
  });
});
