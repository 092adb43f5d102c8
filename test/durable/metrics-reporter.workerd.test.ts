import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Metrics } from "../../src/durable/Metrics.ts";
import { MetricsReporter } from "../../src/durable/reporting/reporter.ts";
import type { ShardState, PoolSample } from "../../src/metrics/pool-sample.ts";
import { EMPTY_SHARD } from "../metrics/support.ts";

/** The object that all shards of the pool report to. */
const metrics = () => env.METRICS.getByName("0");

let shards = 100;
let logged: string[];
let state: ShardState;
let changesAt: number | undefined;

beforeEach(() => {
  logged = [];
  state = EMPTY_SHARD;
  changesAt = undefined;
  vi.spyOn(console, "warn").mockImplementation((line: string) => logged.push(line));
});
afterEach(() => {
  vi.restoreAllMocks();
});

const sandboxes = (bound: number): ShardState => ({ ...EMPTY_SHARD, sandboxes: { ...EMPTY_SHARD.sandboxes, bound } });

/** A shard of the pool: any object with storage of its own serves. */
const newShard = () => ({ number: ++shards, stub: env.METRICS.getByName(`pool-shard-${shards}`) });
type Shard = ReturnType<typeof newShard>;

const sendToMetrics = (object: string, sample: PoolSample) => env.METRICS.getByName(object).report(sample);

/** Runs a reporter inside a shard, as after a wake-up. @returns when the reporter is due */
const awake = (
  { number, stub }: Shard,
  work: (reporter: MetricsReporter) => Promise<void> | void,
  send = sendToMetrics,
  metricsShards = 1,
) =>
  runInDurableObject(stub, async (_: Metrics, { storage }) => {
    const options = { shard: number, metricsShards, takeSample: () => state, changesAt: () => changesAt, send };
    const reporter = new MetricsReporter(storage, options);
    await work(reporter);
    return reporter.dueAt();
  });

/** Does the same as the alarm when it is due. */
const report = (reporter: MetricsReporter) => reporter.runIfDue(reporter.dueAt() ?? 0);

const sampleOf = async ({ number }: Shard) =>
  (await metrics().read()).samples.find(({ sample }) => sample.shard === number)?.sample;

async function told(shard: Shard): Promise<{ sequence: number; bound: number } | undefined> {
  const sample = await sampleOf(shard);
  return sample && { sequence: sample.sequence, bound: sample.sandboxes.bound };
}

test("tells changes of one window in one sample, later ones in the next, and nothing that is no news", async () => {
  const shard = newShard();
  const due = await awake(shard, async (reporter) => {
    for (const bound of [1, 2, 3]) {
      state = sandboxes(bound);
      reporter.changed(bound);
    }
    expect(reporter.dueAt()).toBe(1001);
    await reporter.runIfDue(1000);
    expect(await told(shard)).toBeUndefined();
    await report(reporter);
  });
  expect([await told(shard), due]).toEqual([{ sequence: 1, bound: 3 }, undefined]);
  await awake(shard, async (reporter) => {
    state = { ...state, ranSeconds: 60, spentUsd: { hour: 1, day: 1, month: 1 } };
    reporter.changed(0);
    await report(reporter);
  });
  expect(await told(shard)).toEqual({ sequence: 1, bound: 3 });
  await awake(shard, async (reporter) => {
    state = { ...state, ...sandboxes(0) };
    reporter.changed(0);
    await report(reporter);
  });
  expect(await told(shard)).toEqual({ sequence: 2, bound: 0 });
});

test.each(["before", "after"] as const)("a report that was lost %s it arrived is made again", async (when) => {
  const shard = newShard();
  state = sandboxes(10);
  const lossy = async (_object: string, sample: PoolSample) => {
    if (when === "after") await metrics().report(sample);
    throw new Error("the connection was lost");
  };
  const due = await awake(
    shard,
    async (reporter) => {
      reporter.changed(0);
      await report(reporter);
    },
    lossy,
  );
  expect(due).toBeGreaterThan(1000);
  expect(logged).toEqual([expect.stringContaining("metrics_report_failed")]);
  await evictDurableObject(shard.stub);
  expect(await awake(shard, report)).toBeUndefined();
  expect(await told(shard)).toEqual({ sequence: 2, bound: 10 });
});

test("counts are kept over evictions and lost reports, and told with the next one", async () => {
  const shard = newShard();
  await awake(shard, async (reporter) => {
    reporter.count("moves", "start");
    reporter.count("moves", "start");
    reporter.count("corrections", "kill");
    await report(reporter);
  });
  expect(await sampleOf(shard)).toMatchObject({ moves: { start: 2, resume: 0 }, corrections: { kill: 1 } });
  await awake(shard, (reporter) => reporter.count("moveFailures", "start"));
  await evictDurableObject(shard.stub);
  await awake(shard, async (reporter) => {
    reporter.count("moves", "kill");
    await report(reporter);
  });
  expect(await sampleOf(shard)).toMatchObject({
    moves: { start: 2, kill: 1 },
    moveFailures: { start: 1 },
    corrections: { kill: 1 },
  });
});

test("what changes while a report is under way is told in the next", async () => {
  const shard = newShard();
  const arrived = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const slow = async (_object: string, sample: PoolSample) => {
    arrived.resolve();
    await held.promise;
    await metrics().report(sample);
  };
  const due = await awake(
    shard,
    async (reporter) => {
      state = sandboxes(1);
      reporter.changed(0);
      const first = report(reporter);
      await arrived.promise;
      state = sandboxes(2);
      reporter.changed(5);
      held.resolve();
      await first;
    },
    slow,
  );
  expect([await told(shard), due]).toEqual([{ sequence: 1, bound: 1 }, 1005]);
  expect(await awake(shard, report)).toBeUndefined();
  expect(await told(shard)).toEqual({ sequence: 2, bound: 2 });
});

test("facts that change by the clock alone are told when they do", async () => {
  const shard = newShard();
  changesAt = 600_000;
  expect(
    await awake(shard, async (reporter) => {
      reporter.changed(0);
      await report(reporter);
    }),
  ).toBe(600_000);
  state = sandboxes(7);
  changesAt = undefined;
  expect(await awake(shard, report)).toBeUndefined();
  expect((await told(shard))?.bound).toBe(7);
});

test("with no shards of metrics nothing is told and nothing owed", async () => {
  const due = await awake(
    newShard(),
    (reporter) => {
      reporter.changed(0);
      reporter.count("moves", "start");
    },
    sendToMetrics,
    0,
  );
  expect(due).toBeUndefined();
});
