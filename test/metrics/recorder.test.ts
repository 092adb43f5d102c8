import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Recorder } from "../../src/metrics/recorder.ts";
import { seriesOf } from "../../src/metrics/series.ts";
import { FakeMetrics } from "./support.ts";

const STARTED = { operation: "clone", status: "started" } as const;
const STARTED_SERIES = seriesOf("git_operations_total", STARTED);
const FAILURES = seriesOf("warmtree_metrics_flush_failures_total", {});
const LOST = seriesOf("warmtree_metrics_flushes_lost_total", {});
const MINUTE_MS = 60_000;

let metrics: FakeMetrics;
let recorder: Recorder;
let logged: string[];

beforeEach(() => {
  vi.useFakeTimers();
  metrics = new FakeMetrics();
  recorder = new Recorder();
  logged = [];
  vi.spyOn(console, "warn").mockImplementation((line: string) => logged.push(line));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const count = (times = 1) => {
  for (let n = 0; n < times; n++) recorder.increment(metrics.recording(), "git_operations_total", STARTED);
};
const counted = () => metrics.counts.get(STARTED_SERIES) ?? 0;
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const refuse = () => Promise.reject(new Error("object is overloaded"));

test("the newest operations travel with the counts, so many of a window and no more", async () => {
  const ended = (at: number) => ({ at, operation: "edit", tenant: "acme", seconds: 1 });
  for (let at = 0; at < 50; at++) recorder.list(metrics.recording(), ended(at));
  await pass(MINUTE_MS);
  recorder.list(metrics.recording(), ended(50));
  await pass(MINUTE_MS);
  const [first = [], second] = metrics.batches.map((batch) => batch.ended);
  expect(first).toEqual(Array.from({ length: first.length }, (_, n) => ended(50 - first.length + n)));
  expect([first.length, second]).toEqual([20, [ended(50)]]);
});

describe("flushes", () => {
  test("one for each window, whatever happens in it; none where nothing happens", async () => {
    count(500);
    expect(metrics.tries).toEqual([]);
    await pass(MINUTE_MS);
    expect([metrics.batches.length, counted(), metrics.waiting.length]).toEqual([1, 500, 1]);
    count(2);
    await pass(MINUTE_MS);
    expect([metrics.batches.length, counted(), metrics.waiting.length]).toEqual([2, 502, 2]);
  });

  test("what is counted while a flush is under way goes with the next", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    metrics.answer = async (take) => {
      await promise;
      take();
    };
    count();
    await pass(1000);
    count(3);
    resolve();
    await pass(1000);
    expect(metrics.batches.map(({ deltas }) => deltas.get(STARTED_SERIES))).toEqual([1, 3]);
  });

  test("carry durations as one bucket and a sum, and the newest example of each bucket", async () => {
    for (const [seconds, traceId] of [
      [0.3, "a"],
      [0.4, "b"],
      [0.45, undefined],
      [7, undefined],
    ] as const) {
      recorder.observe(metrics.recording(), "git_operation_duration_seconds", { operation: "push" }, seconds, traceId);
    }
    await pass(1000);
    const [batch] = metrics.batches;
    const bucket = (le: string) => `git_operation_duration_seconds_bucket{operation="push",le="${le}"}`;
    expect(new Map(batch?.deltas)).toEqual(
      new Map([
        [bucket("0.5"), 3],
        ['git_operation_duration_seconds_sum{operation="push"}', 0.3 + 0.4 + 0.45 + 7],
        [bucket("10.0"), 1],
      ]),
    );
    expect([...(batch?.exemplars ?? [])]).toMatchObject([[bucket("0.5"), { traceId: "b", value: 0.4 }]]);
  });

  test("are spread over the shards", async () => {
    metrics.shards = 3;
    for (let n = 0; n < 60; n++) {
      count();
      await pass(1000);
    }
    expect(new Set(metrics.tries.map(({ shard }) => shard))).toEqual(new Set(["0", "1", "2"]));
  });

  test("are none with no shards", async () => {
    metrics.shards = 0;
    count();
    await pass(MINUTE_MS);
    expect([metrics.waiting, metrics.tries]).toEqual([[], []]);
  });
});

describe("a failing Metrics object", () => {
  test("an answer that was lost: the batch is sent again, under its id and to its shard, and counted once", async () => {
    metrics.shards = 8;
    metrics.answer = async (take) => {
      take();
      if (metrics.tries.length < 3) throw new Error("the connection was lost");
    };
    count(5);
    await pass(10_000);
    expect(metrics.tries).toHaveLength(3);
    expect(new Set(metrics.tries.map((tried) => JSON.stringify(tried))).size).toBe(1);
    expect(counted()).toBe(5);
    expect(logged).toHaveLength(2);
    metrics.answer = async (take) => take();
    count();
    await pass(1000);
    expect([counted(), metrics.counts.get(FAILURES), metrics.counts.get(LOST)]).toEqual([6, 2, undefined]);
  });

  test("keeps its batches for the next request when tries are used up", async () => {
    metrics.answer = refuse;
    count(2);
    await pass(30_000);
    expect(metrics.tries).toHaveLength(3);
    metrics.answer = async (take) => take();
    count();
    await pass(1000);
    expect([counted(), metrics.counts.get(FAILURES)]).toEqual([3, 3]);
  });

  test("that never answers is given up in the time that waitUntil has", async () => {
    metrics.answer = () => new Promise(() => {});
    count();
    const flush = Promise.all(metrics.waiting);
    await pass(29_000);
    await flush;
    expect(metrics.tries).toHaveLength(3);
  });

  test("that fails for minutes costs what was counted, and says so", async () => {
    metrics.answer = refuse;
    count(4);
    await pass(6 * MINUTE_MS);
    count();
    await pass(MINUTE_MS);
    metrics.answer = async (take) => take();
    count();
    await pass(1000);
    expect([counted(), metrics.counts.get(LOST)]).toEqual([2, 1]);
  });

  test("takes a bounded part of the memory", async () => {
    metrics.answer = refuse;
    for (let n = 0; n < 40; n++) {
      count();
      await pass(1000);
    }
    await pass(30_000);
    metrics.answer = async (take) => take();
    count();
    await pass(1000);
    expect(metrics.batches).toHaveLength(17);
    count();
    await pass(1000);
    const failures = metrics.tries.length - metrics.batches.length;
    expect([counted() + (metrics.counts.get(LOST) ?? 0), metrics.counts.get(FAILURES)]).toEqual([42, failures]);
  });

  test("that is not even bound fails nobody", async () => {
    const recording = {
      ...metrics.recording(),
      env: {
        METRICS: {
          getByName: () => {
            throw new Error("no binding");
          },
        },
      },
    };
    recorder.increment(recording, "git_operations_total", STARTED);
    await pass(MINUTE_MS);
    await expect(Promise.all(metrics.waiting)).resolves.toHaveLength(1);
  });
});

test("a window whose request was lost with its timer is opened anew", async () => {
  const dead = { ...metrics.recording(), waitUntil: () => {} };
  recorder.increment(dead, "git_operations_total", STARTED);
  vi.clearAllTimers();
  count();
  await pass(MINUTE_MS);
  expect(metrics.tries).toEqual([]);
  count();
  await pass(1000);
  expect(counted()).toBe(3);
});
