import { STATES } from "../pool/reconcile.ts";
import { hourOf, monthOf } from "../pool/spend.ts";
import { BUILD_RESULTS, CORRECTIONS, type FamilyName, LOSSES, MOVES, PERIODS, SAVES, TIERS } from "./catalogue.ts";
import type { PoolSample } from "./pool-sample.ts";
import { type Labels, seriesOf } from "./series.ts";

type Period = (typeof PERIODS)[number];

const SECONDS_PER_HOUR = 3600;
const DAY_MS = 24 * SECONDS_PER_HOUR * 1000;

/** A shard's newest sample. */
export interface StoredSample {
  readonly sample: PoolSample;
  /** Highest running time ever reported: a counter must not fall when a sandbox ends earlier than expected. */
  readonly maxReportedSeconds: number;
}

/** Returns the running time of the shard's sandboxes up to `now`, without waking the shard. */
export function ranSecondsAt({ sample, maxReportedSeconds }: StoredSample, now: number): number {
  return Math.max(maxReportedSeconds, sample.ranSeconds + sample.running * runningSeconds(sample, sample.at, now));
}

/** Returns how long the running sandboxes of a sample ran between `from` and `now`. */
function runningSeconds({ at, runningUntil }: PoolSample, from: number, now: number): number {
  return Math.max(Math.min(now, runningUntil) - Math.max(from, at), 0) / 1000;
}

function spentUsdAt(sample: PoolSample, period: Period, now: number): number {
  const start = PERIOD_START[period](now);
  const before = sample.at >= start ? sample.spentUsd[period] : 0;
  return before + sample.usdPerSecond * runningSeconds(sample, start, now);
}

/** Start of the hour, the day and the month (UTC) of a time. */
const PERIOD_START: Readonly<Record<Period, (time: number) => number>> = {
  hour: hourOf,
  day: (time) => time - (time % DAY_MS),
  month: monthOf,
};

/** Computes the values at `now` of all series that pool shards report. */
export function poolValues(stored: readonly StoredSample[], now: number): Map<string, number> {
  const values = new Map<string, number>();
  const add = <Name extends FamilyName>(name: Name, labels: Labels<Name>, value: number) => {
    const series = seriesOf(name, labels);
    values.set(series, (values.get(series) ?? 0) + value);
  };
  for (const { sample, maxReportedSeconds } of stored) {
    for (const state of STATES) add("warmtree_sandboxes", { state }, sample.sandboxes[state]);
    for (const tier of TIERS) add("warmtree_workspaces", { tier }, sample.workspaces[tier]);
    add("warmtree_workspaces_unpushed", {}, sample.unpushed);
    add("warmtree_workspaces_announced", {}, sample.announced);
    add("warmtree_pool_target", {}, sample.poolTarget);
    add("warmtree_pool_size", {}, sample.sandboxes.warm);
    for (const move of MOVES) {
      add("warmtree_sandbox_moves_total", { move }, sample.moves[move]);
      add("warmtree_sandbox_move_failures_total", { move }, sample.moveFailures[move]);
    }
    for (const action of CORRECTIONS) {
      add("warmtree_reconcile_corrections_total", { action }, sample.corrections[action]);
    }
    for (const how of LOSSES) add("warmtree_workspaces_lost_total", { how }, sample.losses[how]);
    for (const result of SAVES) add("warmtree_work_saves_total", { result }, sample.saves[result]);
    for (const result of BUILD_RESULTS) {
      add("warmtree_template_builds_total", { result }, sample.templateBuilds[result]);
    }
    add("warmtree_repository_snapshots", {}, sample.snapshots);
    add("sandbox_hours_total", {}, ranSecondsAt({ sample, maxReportedSeconds }, now) / SECONDS_PER_HOUR);
    for (const period of PERIODS) add("warmtree_spend_usd", { period }, spentUsdAt(sample, period, now));
    add("warmtree_budget_usd", {}, sample.budgetUsd);
  }
  const samples = stored.map(({ sample }) => sample);
  const newest = samples.toSorted((a, b) => b.templateVersion - a.templateVersion)[0];
  values.set(seriesOf("warmtree_template_version", {}), newest?.templateVersion ?? 0);
  values.set(seriesOf("warmtree_template_built_timestamp_seconds", {}), (newest?.templateBuiltAt ?? 0) / 1000);
  const snapshotTimes = samples.map(({ oldestSnapshotAt }) => oldestSnapshotAt).filter((at) => at > 0);
  const oldest = snapshotTimes.length > 0 ? Math.min(...snapshotTimes) : 0;
  values.set(seriesOf("warmtree_repository_snapshot_oldest_timestamp_seconds", {}), oldest / 1000);
  return values;
}
