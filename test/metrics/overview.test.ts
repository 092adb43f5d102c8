import { describe, expect, test } from "vitest";
import { type Standing, standingOf } from "../../src/metrics/history.ts";
import { overviewOf } from "../../src/metrics/overview.ts";
import { rangeOf } from "../../src/metrics/overview-points.ts";
import { overviewSchema } from "../../src/metrics/overview-schema.ts";
import type { PoolSample } from "../../src/metrics/pool-sample.ts";
import type { Look } from "../../src/metrics/scrape.ts";
import { bucketOf, seriesOf } from "../../src/metrics/series.ts";
import { NO_COUNTS, EMPTY_SHARD } from "./support.ts";

const SECOND_MS = 1000;
const DAY_MS = 24 * 3_600_000;
/** Four seconds into a slot, on the evening of the 15th of a month with 30 days. */
const NOW = Date.UTC(2026, 5, 15, 18, 0, 4);
const MOST = 20;

const sample = (facts: Partial<PoolSample> = {}): PoolSample => ({
  shard: 0,
  sequence: 1,
  at: NOW - DAY_MS,
  ...NO_COUNTS,
  ...EMPTY_SHARD,
  ...facts,
});
const look = (parts: Partial<Look> = {}): Look => ({
  counts: new Map(),
  exemplars: new Map(),
  samples: [],
  history: { slots: [] },
  newest: [],
  ...parts,
});
const standing = (bound: number, poolTarget: number): Standing =>
  standingOf([sample({ sandboxes: { ...EMPTY_SHARD.sandboxes, bound }, poolTarget })]);

const operations = (operation: "clone" | "push", status: "success" | "failure", count: number) =>
  [seriesOf("git_operations_total", { operation, status }), count] as const;
const claims = (source: "live" | "paused" | "cold", count: number) =>
  [seriesOf("warmtree_claims_total", { source }), count] as const;
const durations = (operation: "clone" | "push", seconds: number, count: number) =>
  [bucketOf("git_operation_duration_seconds", { operation }, seconds), count] as const;

/** Returns a slot that began so many seconds before the current one. */
const slot = (secondsAgo: number, counts: readonly (readonly [string, number])[], after?: Standing) => ({
  at: NOW - 4 * SECOND_MS - secondsAgo * SECOND_MS,
  counts: new Map(counts),
  ...(after && { standing: after }),
});
const overview = (looks: readonly Look[], minutes: 5 | 15 | 60 = 15) =>
  overviewSchema.parse(overviewOf(looks, rangeOf(minutes, NOW), MOST, NOW));

test("where nothing ever happened there is nothing to divide by", () => {
  const quiet = overview([look()]);
  expect(quiet).toMatchObject({
    at: "2026-06-15T18:00:04.000Z",
    sandboxes: { running: 0, most: MOST },
    claims: { hit_rate: null },
    operations: { per_minute: 0, succeeded: 0, failed: 0, latency: null },
    spend: { usd_per_hour: 0, projected_month_usd: 0, budget_usd: null },
    template: { version: null, built_at: null },
    snapshots: { count: 0, oldest_at: null },
    newest: [],
  });
  expect(quiet.points).toHaveLength(60);
  expect(quiet.points.at(-1)).toMatchObject({ succeeded: 0, latency: null, sandboxes: null, usd_per_hour: null });
});

test("adds up what each object counted in the range", () => {
  const one = look({
    history: {
      slots: [
        slot(600, [
          operations("clone", "success", 3),
          durations("clone", 0.2, 3),
          claims("cold", 1),
          claims("live", 2),
        ]),
        slot(0, [
          operations("push", "failure", 2),
          ['git_operation_errors_total{operation="push",error_type="auth"}', 2],
          ['warmtree_failures_total{operation="push",side="git_host"}', 2],
        ]),
      ],
    },
  });
  const two = look({ history: { slots: [slot(0, [operations("clone", "success", 1), claims("paused", 1)])] } });
  const { operations: ended, claims: claimed, errors, points } = overview([one, two]);
  const failed_by = { caller: 0, git_host: 2, service: 0 };
  expect(ended).toMatchObject({ succeeded: 4, failed: 2, failed_by });
  expect(ended.by_operation[4]).toMatchObject({ operation: "push", failed: 2, failed_by });
  expect(points.at(-1)).toMatchObject({ failed: 2, failed_by });
  expect(ended.by_operation[0]).toMatchObject({ operation: "clone", succeeded: 4, failed: 0 });
  expect(ended.by_operation[0]?.latency?.p50).toBeCloseTo(0.175);
  expect(claimed).toMatchObject({ by_source: { live: 2, paused: 1, pool: 0, cold: 1 }, hit_rate: 0.75 });
  expect(errors.by_type).toEqual({ auth: 2, conflict: 0, network: 0, other: 0 });
});

test("operations a minute are those of the last minute, of which the running slot is a part", () => {
  const slots = [75, 60, 0].map((secondsAgo) => slot(secondsAgo, [operations("clone", "success", 64)]));
  // Counts from 17:59:00 on, 64 s: the slot before is too old.
  expect(overview([look({ history: { slots } })]).operations.per_minute).toBe(120);
});

describe("points", () => {
  test.each([
    [5, 5],
    [15, 15],
    [60, 60],
  ] as const)("of %i minutes cover %i s each, on round times; the last one is not over", (minutes, seconds) => {
    const { points } = overview([look()], minutes);
    const times = points.map(({ at }) => Date.parse(at) / SECOND_MS);
    expect(times.every((time) => time % seconds === 0)).toBe(true);
    expect([...new Set(times.slice(1).map((time, index) => time - (times[index] ?? 0)))]).toEqual([seconds]);
    expect(points.slice(0, -1).every((point) => point.seconds === seconds)).toBe(true);
    expect(times.at(-1)).toBe(NOW / SECOND_MS - (points.at(-1)?.seconds ?? 0));
  });

  test("hold what was counted in their time", () => {
    const slots = [slot(30, [operations("clone", "success", 1)]), slot(0, [operations("clone", "success", 2)])];
    const { points } = overview([look({ history: { slots } })], 60);
    expect(points.slice(-2).map(({ succeeded }) => succeeded)).toEqual([1, 2]);
  });

  test("the pool stands as it stood until it says otherwise, and shards stand together", () => {
    const one = look({ history: { slots: [slot(45, [], standing(3, 1)), slot(15, [])], before: standing(1, 1) } });
    const two = look({ history: { slots: [slot(30, [], standing(10, 2))] } });
    const { points } = overview([one, two]);
    const told = points.slice(-5).map(({ sandboxes, pool_target }) => [sandboxes?.bound, pool_target]);
    expect(told).toEqual([
      [1, 1],
      [3, 1],
      [13, 3],
      [13, 3],
      [13, 3],
    ]);
  });
});

test("tells how the pool stands now, from every shard's newest sample", () => {
  const facts = {
    sandboxes: { warming: 0, warm: 2, bound: 3, paused: 4, gone: 0 },
    workspaces: { top: 1, active: 1, idle: 1, cold: 4 },
    unpushed: 3,
    announced: 1,
    poolTarget: 2,
    running: 5,
    usdPerSecond: 0.001,
    spentUsd: { hour: 1, day: 2, month: 30 },
    budgetUsd: 100,
    at: NOW - SECOND_MS,
    runningUntil: NOW + DAY_MS,
    snapshots: 2,
    oldestSnapshotAt: NOW - DAY_MS,
    templateVersion: 7,
    templateBuiltAt: NOW - 2 * DAY_MS,
  };
  const stored = [sample(facts), sample({ shard: 1, running: 3, runningUntil: NOW - 1 })];
  const told = overview([look({ samples: stored.map((newest) => ({ sample: newest, maxReportedSeconds: 0 })) })]);
  expect(told).toMatchObject({
    sandboxes: { by_state: { warm: 2, bound: 3, paused: 4 }, running: 5 },
    workspaces: { by_tier: { top: 1, active: 1, idle: 1, cold: 4 }, unpushed: 3, announced: 1 },
    pool: { target: 2, size: 2 },
    template: { version: 7, built_at: "2026-06-13T18:00:04.000Z" },
    snapshots: { count: 2, oldest_at: "2026-06-14T18:00:04.000Z" },
  });
  expect(told.spend.usd_per_hour).toBeCloseTo(3.6);
  expect(told.spend.by_period_usd.month).toBeCloseTo(30.001);
  // The remaining 15.25 days at the present cost of an hour.
  expect(told.spend.projected_month_usd).toBeCloseTo(30.001 + 15.25 * 24 * 3.6, 1);
  expect(told.spend.budget_usd).toBe(100);
});

test("lists the newest operations of all objects, newest first, fifty at most", () => {
  const workspace = { sandboxId: "s0-x", repository: "github.com/o/r", agentId: "ada" };
  const ended = (at: number) => ({ at, operation: "edit", tenant: "acme", seconds: 1, ...workspace, requestId: "id" });
  const times = (from: number) => Array.from({ length: 40 }, (_, n) => ended(NOW - (from + n * 2) * SECOND_MS));
  const { newest } = overview([look({ newest: times(0) }), look({ newest: times(1) })]);
  expect(newest.map(({ at }) => NOW - Date.parse(at))).toEqual(Array.from({ length: 50 }, (_, n) => n * SECOND_MS));
  expect(newest[0]).toEqual({
    at: "2026-06-15T18:00:04.000Z",
    operation: "edit",
    tenant: "acme",
    seconds: 1,
    sandbox_id: "s0-x",
    repository: "github.com/o/r",
    agent_id: "ada",
    request_id: "id",
  });
});
