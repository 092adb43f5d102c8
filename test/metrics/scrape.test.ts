import { expect, test } from "vitest";
import { type Reading, readMetrics } from "../../src/metrics/scrape.ts";
import { NO_COUNTS, EMPTY_SHARD } from "./support.ts";

const NOTHING: Reading = { counts: new Map(), exemplars: new Map(), samples: [] };
const stored = (shard: number, sequence: number) => ({
  sample: { ...NO_COUNTS, ...EMPTY_SHARD, shard, sequence, at: 0 },
  maxReportedSeconds: 0,
});

const source = (shards: readonly (() => Promise<Reading>)[]) => ({
  env: {
    METRICS: {
      getByName: (name: string) => ({ read: shards[Number(name)] ?? (() => Promise.reject(new Error(name))) }),
    },
  },
  config: { metricsShards: shards.length },
});

test("adds shards up, keeps the newest example and each pool shard's newest sample", async () => {
  const example = (traceId: string, at: number) => ({ traceId, value: 1, at });
  const one = {
    counts: new Map([
      ["a", 1],
      ["b", 2],
    ]),
    exemplars: new Map([["a", example("old", 1)]]),
    samples: [stored(0, 9), stored(1, 1)],
  };
  const two = {
    counts: new Map([["a", 4]]),
    exemplars: new Map([["a", example("new", 2)]]),
    samples: [stored(1, 2), stored(0, 3)],
  };
  const reading = await readMetrics(source([async () => one, async () => two]));
  expect(reading.counts).toEqual(
    new Map([
      ["a", 5],
      ["b", 2],
    ]),
  );
  expect(reading.exemplars.get("a")?.traceId).toBe("new");
  expect(reading.samples.map(({ sample }) => [sample.shard, sample.sequence])).toEqual([
    [0, 9],
    [1, 2],
  ]);
});

test("has no answer when a shard has none: a part of a sum would look like a reset", async () => {
  const failing = source([async () => NOTHING, () => Promise.reject(new Error("shard 1 is down"))]);
  await expect(readMetrics(failing)).rejects.toThrow("shard 1 is down");
});
