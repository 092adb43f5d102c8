import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Metrics } from "../../src/durable/Metrics.ts";
import { MetricsReporter } from "../../src/durable/metrics-reporter.ts";
import type { PoolFacts } from "../../src/metrics/pool-sample.ts";
import { NO_FACTS } from "../metrics/support.ts";

/** What all shards of the pool report to. */
const metrics = () => env.METRICS.getByName("0");

let shards = 0;
let logged: string[];
let facts: PoolFacts;
const settled = vi.fn<() => Promise<void>>();

beforeEach(() => {
  logged = [];
  facts = NO_FACTS;
  settled.mockReset();
  vi.spyOn(console, "warn").mockImplementation((line: string) => logged.push(line));
  // Windows end with the synchronous code that opened them.
  vi.spyOn(scheduler, "wait").mockResolvedValue();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const sandboxes = (bound: number): PoolFacts => ({ ...NO_FACTS, sandboxes: { ...NO_FACTS.sandboxes, bound } });

/** A shard of the pool: any object with storage of its own will do. */
const newShard = () => ({ number: ++shards, stub: env.METRICS.getByName(`pool-shard-${shards}`) });
type Shard = ReturnType<typeof newShard>;

/** Lets a reporter work inside a shard, as one that has just woken. @returns when it says that it is due */
const awake = (
  { number, stub }: Shard,
  work: (reporter: MetricsReporter) => Promise<void> | void,
  namespace = env.METRICS,
) =>
  runInDurableObject(stub, async (_: Metrics, state) => {
    const waiting: Promise<unknown>[] = [];
    const ctx = new Proxy(state, {
      get: (target, name) =>
        name === "waitUntil" ? (promise: Promise<unknown>) => waiting.push(promise) : Reflect.get(target, name),
    });
    const reporter = new MetricsReporter(ctx, namespace, {
      shard: number,
      metricsShards: 1,
      facts: () => facts,
      settled,
    });
    await work(reporter);
    await Promise.all(waiting);
    return reporter.dueAt();
  });

const sampleOf = async ({ number }: Shard) =>
  (await metrics().read()).samples.find(({ sample }) => sample.shard === number)?.sample;

async function told(shard: Shard): Promise<{ sequence: number; bound: number } | undefined> {
  const sample = await sampleOf(shard);
  return sample && { sequence: sample.sequence, bound: sample.sandboxes.bound };
}

/** As the Metrics object looks to a reporter when calls fail before or after they arrive. */
function failing(when: "before" | "after"): typeof env.METRICS {
  return new Proxy(env.METRICS, {
    get: () => () => ({
      async report(sample: Parameters<Metrics["report"]>[0]) {
        if (when === "after") await metrics().report(sample);
        throw new Error("the connection was lost");
      },
    }),
  });
}

test("tells changes of one window in one sample, later ones in the next, and nothing that is no news", async () => {
  const shard = newShard();
  const due = await awake(shard, (reporter) => {
    for (const bound of [1, 2, 3]) {
      facts = sandboxes(bound);
      reporter.changed();
    }
  });
  const first = await told(shard);
  expect([first?.bound, due, settled.mock.calls.length]).toEqual([3, undefined, 1]);
  await awake(shard, (reporter) => {
    facts = { ...facts, ranSeconds: 60, spentUsd: { hour: 1, day: 1, month: 1 } };
    reporter.changed();
  });
  expect(await told(shard)).toEqual(first);
  await awake(shard, (reporter) => {
    facts = { ...facts, ...sandboxes(0) };
    reporter.changed();
  });
  expect(await told(shard)).toEqual({ sequence: (first?.sequence ?? 0) + 1, bound: 0 });
});

test.each(["before", "after"] as const)(
  "a report that was lost %s it arrived is owed, and made by the alarm",
  async (when) => {
    const shard = newShard();
    await awake(shard, (reporter) => reporter.changed());
    const before = (await told(shard))?.sequence ?? 0;
    facts = sandboxes(before + 10);
    const due = await awake(shard, (reporter) => reporter.changed(), failing(when));
    expect(due).toBeGreaterThan(Date.now());
    expect(logged).toEqual([expect.stringContaining("metrics_report_failed")]);
    await evictDurableObject(shard.stub);
    expect(await awake(shard, (reporter) => reporter.runIfDue(Date.now()))).toBe(due);
    expect(await awake(shard, (reporter) => reporter.runIfDue(due ?? 0))).toBeUndefined();
    expect((await told(shard))?.bound).toBe(before + 10);
  },
);

test("counts are kept over evictions and lost reports, and told with the next one", async () => {
  const shard = newShard();
  await awake(shard, (reporter) => {
    reporter.count("moves", "start");
    reporter.count("moves", "start");
    reporter.count("corrections", "kill");
  });
  expect(await sampleOf(shard)).toMatchObject({ moves: { start: 2, resume: 0 }, corrections: { kill: 1 } });
  await awake(shard, (reporter) => reporter.count("moveFailures", "start"), failing("before"));
  await evictDurableObject(shard.stub);
  await awake(shard, (reporter) => reporter.count("moves", "kill"));
  expect(await sampleOf(shard)).toMatchObject({
    moves: { start: 2, kill: 1 },
    moveFailures: { start: 1 },
    corrections: { kill: 1 },
  });
});

test("what changes while a report is under way is told in the next", async () => {
  const shard = newShard();
  const { promise, resolve } = Promise.withResolvers<void>();
  const slow = new Proxy(env.METRICS, {
    get: () => () => ({
      async report(sample: Parameters<Metrics["report"]>[0]) {
        await promise;
        await metrics().report(sample);
      },
    }),
  });
  const due = await awake(
    shard,
    async (reporter) => {
      facts = sandboxes(1);
      reporter.changed();
      // Past the window: the report is on its way.
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      facts = sandboxes(2);
      reporter.changed();
      resolve();
    },
    slow,
  );
  expect([await told(shard), due, settled.mock.calls.length]).toEqual([{ sequence: 2, bound: 2 }, undefined, 1]);
});

test("a crash between the change and its report leaves it owed", async () => {
  const shard = newShard();
  facts = sandboxes(77);
  const due = await runInDurableObject(shard.stub, (_: Metrics, state) => {
    const ctx = new Proxy(state, {
      get: (target, name) => (name === "waitUntil" ? () => {} : Reflect.get(target, name)),
    });
    // The window's timer is lost with the object; here it is one that never comes.
    vi.mocked(scheduler.wait).mockReturnValue(new Promise(() => {}));
    const reporter = new MetricsReporter(ctx, env.METRICS, {
      shard: shard.number,
      metricsShards: 1,
      facts: () => facts,
      settled,
    });
    reporter.changed();
    return reporter.dueAt();
  });
  await evictDurableObject(shard.stub);
  expect(await awake(shard, (reporter) => reporter.runIfDue(due ?? 0))).toBeUndefined();
  expect((await told(shard))?.bound).toBe(77);
});

test("with no shards of metrics nothing is told and nothing owed", async () => {
  const due = await runInDurableObject(newShard().stub, (_: Metrics, state) => {
    const reporter = new MetricsReporter(state, env.METRICS, {
      shard: 0,
      metricsShards: 0,
      facts: () => sandboxes(1),
      settled,
    });
    reporter.changed();
    return reporter.dueAt();
  });
  expect(due).toBeUndefined();
});
