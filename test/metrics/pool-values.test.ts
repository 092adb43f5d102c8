import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PoolSample } from "../../src/metrics/pool-sample.ts";
import { poolValues, ranSecondsAt } from "../../src/metrics/pool-values.ts";
import { FAMILIES } from "../../src/metrics/series.ts";
import { NO_COUNTS, EMPTY_SHARD } from "./support.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Half past ten on a Tuesday in the middle of a month. */
const AT = Date.UTC(2026, 2, 17, 10, 30);

const sample = (facts: Partial<PoolSample> = {}): PoolSample => ({
  shard: 0,
  sequence: 1,
  at: AT,
  ...NO_COUNTS,
  ...EMPTY_SHARD,
  ...facts,
});
const valuesAt = (now: number, ...samples: PoolSample[]) =>
  Object.fromEntries(
    poolValues(
      samples.map((told) => ({ sample: told, maxReportedSeconds: 0 })),
      now,
    ),
  );

test("tells every series of the pool, and no other", () => {
  const declared = FAMILIES.filter(({ from }) => from === "pool").flatMap(({ series }) =>
    series.flatMap(({ parts }) => parts),
  );
  expect(Object.keys(valuesAt(AT, sample())).sort()).toEqual(declared.sort());
});

test("adds the shards up, and takes the oldest snapshot and the newest template", () => {
  const one = sample({
    sandboxes: { warming: 1, warm: 2, bound: 3, paused: 4, gone: 5 },
    poolTarget: 2,
    snapshots: 3,
    oldestSnapshotAt: 5000,
    templateVersion: 7,
    templateBuiltAt: 9000,
    budgetUsd: 10,
  });
  const two = sample({
    shard: 1,
    sandboxes: { warming: 0, warm: 1, bound: 1, paused: 1, gone: 1 },
    poolTarget: 1,
    snapshots: 1,
    oldestSnapshotAt: 4000,
    templateVersion: 6,
    templateBuiltAt: 8000,
    budgetUsd: 10,
  });
  expect(valuesAt(AT, one, two, sample({ shard: 2 }))).toMatchObject({
    'warmtree_sandboxes{state="warm"}': 3,
    'warmtree_sandboxes{state="gone"}': 6,
    warmtree_pool_size: 3,
    warmtree_pool_target: 3,
    warmtree_repository_snapshots: 4,
    warmtree_repository_snapshot_oldest_timestamp_seconds: 4,
    warmtree_template_version: 7,
    warmtree_template_built_timestamp_seconds: 9,
    warmtree_budget_usd: 20,
  });
});

describe("when nobody has called for hours", () => {
  const running = sample({
    running: 2,
    runningUntil: AT + 20 * HOUR_MS,
    ranSeconds: 7200,
    usdPerSecond: 0.001,
    spentUsd: { hour: 1, day: 5, month: 20 },
  });
  const spent = (now: number) => {
    const values = valuesAt(now, running);
    return (["hour", "day", "month"] as const).map((period) => values[`warmtree_spend_usd{period="${period}"}`]);
  };

  test("hours and spend go on with what runs", () => {
    expect(valuesAt(AT + 10 * 60_000, running)["sandbox_hours_total"]).toBeCloseTo(2 + 2 / 6, 9);
    expect(spent(AT + 10 * 60_000)).toEqual([1.6, 5.6, 20.6]);
  });

  test("a new hour and a new day begin at zero", () => {
    // 11:00 came half an hour ago; of the day 14.5 hours were left, of which 13.5 are over.
    expect(spent(AT + HOUR_MS)).toEqual([1.8, 8.6, 23.6]);
    expect(spent(Date.UTC(2026, 2, 18, 1))).toEqual([0, 3.6, 72.2].map((usd) => expect.closeTo(usd, 9)));
  });

  test("a new month begins at zero", () => {
    const last = sample({
      at: Date.UTC(2026, 11, 31, 23),
      usdPerSecond: 0.001,
      running: 1,
      runningUntil: Date.UTC(2027, 0, 2),
      spentUsd: { hour: 9, day: 9, month: 9 },
    });
    expect(valuesAt(Date.UTC(2027, 0, 1, 0, 30), last)['warmtree_spend_usd{period="month"}']).toBeCloseTo(1.8, 9);
  });

  test("nothing runs on that E2B has stopped", () => {
    expect(valuesAt(AT + 9 * DAY_MS, running)["sandbox_hours_total"]).toBe(2 + 2 * 20);
    expect(spent(AT + 9 * DAY_MS)).toEqual([0, 0, 20 + 72]);
  });
});

test("hours never fall, whatever ends before it was due, and are right again after at most what was told too much", () => {
  const step = fc.record({ ms: fc.nat(HOUR_MS), running: fc.nat(5), stayMs: fc.nat(2 * HOUR_MS) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
      let [now, before, ranSeconds, stored] = [AT, 0, 0, { sample: sample(), maxReportedSeconds: 0 }];
      for (const [index, { ms, running, stayMs }] of steps.entries()) {
        // The sandboxes ran for half of the time, which the object cannot know.
        ranSeconds += (stored.sample.running * ms) / 2000;
        now += ms;
        expect(ranSecondsAt(stored, now)).toBeGreaterThanOrEqual(before);
        before = ranSecondsAt(stored, now);
        const next = sample({ sequence: index + 2, at: now, running, runningUntil: now + stayMs, ranSeconds });
        stored = { sample: next, maxReportedSeconds: before };
        expect(ranSecondsAt(stored, now)).toBe(Math.max(before, ranSeconds));
      }
    }),
  );
});
