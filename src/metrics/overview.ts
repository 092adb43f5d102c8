import manifest from "../../package.json" with { type: "json" };
import { STATES } from "../pool/reconcile.ts";
import { nextMonthOf } from "../pool/spend.ts";
import { type FamilyName, OPERATIONS, PERIODS, TIERS } from "./catalogue.ts";
import { each, sum } from "./each.ts";
import { type EndedOperation, newestOf, type Slot, slotOf } from "./history.ts";
import { pointsOf, type Range } from "./overview-points.ts";
import type { Overview } from "./overview-schema.ts";
import { poolValues, type StoredSample } from "./pool-values.ts";
import { type Look, merged } from "./scrape.ts";
import { type Labels, seriesOf } from "./series.ts";
import { Tally } from "./tally.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SECONDS_PER_HOUR = 3600;

/** Builds the operator's overview from the readings of all Metrics objects. */
export function overviewOf(looks: readonly Look[], range: Range, maxSandboxes: number, now: number): Overview {
  return {
    version: manifest.version,
    at: rfc3339(now),
    minutes: range.minutes,
    ...countedView(
      looks.flatMap(({ history }) => history.slots),
      now,
    ),
    ...poolView(merged(looks).samples, maxSandboxes, now),
    points: pointsOf(looks, range, now),
    newest: newestOf(looks.flatMap(({ newest }) => newest)).map(endedView),
  };
}

function countedView(slots: readonly Slot[], now: number) {
  const tally = new Tally(slots);
  const minuteFrom = slotOf(now - MINUTE_MS);
  const lastMinute = new Tally(slots.filter(({ at }) => at >= minuteFrom));
  const outcome = (...operations: (typeof OPERATIONS)[number][]) => ({
    succeeded: tally.ended("success", operations),
    failed: tally.ended("failure", operations),
    failed_by: tally.failedBy(operations),
    latency: tally.latency(operations),
  });
  return {
    claims: { by_source: tally.claims(), hit_rate: tally.hitRate() },
    operations: {
      per_minute: ((lastMinute.ended("success") + lastMinute.ended("failure")) * MINUTE_MS) / (now - minuteFrom),
      ...outcome(...OPERATIONS),
      by_operation: OPERATIONS.map((operation) => ({ operation, ...outcome(operation) })),
    },
    errors: { by_type: tally.errors() },
  };
}

function poolView(stored: readonly StoredSample[], maxSandboxes: number, now: number) {
  const values = poolValues(stored, now);
  const value = <Name extends FamilyName>(name: Name, labels: Labels<Name>) => values.get(seriesOf(name, labels)) ?? 0;
  const usd = each(PERIODS, (period) => value("warmtree_spend_usd", { period }));
  const running = stored.map(({ sample }) => sample).filter(({ runningUntil }) => now < runningUntil);
  const usdPerHour = sum(running, ({ usdPerSecond }) => usdPerSecond) * SECONDS_PER_HOUR;
  return {
    sandboxes: {
      by_state: each(STATES, (state) => value("warmtree_sandboxes", { state })),
      running: sum(running, (sample) => sample.running),
      most: maxSandboxes,
    },
    workspaces: {
      by_tier: each(TIERS, (tier) => value("warmtree_workspaces", { tier })),
      unpushed: value("warmtree_workspaces_unpushed", {}),
      announced: value("warmtree_workspaces_announced", {}),
    },
    pool: { target: value("warmtree_pool_target", {}), size: value("warmtree_pool_size", {}) },
    spend: {
      by_period_usd: usd,
      usd_per_hour: usdPerHour,
      // Not the average pace so far: it may include an earlier pool size or idle time.
      projected_month_usd: usd.month + (usdPerHour * (nextMonthOf(now) - now)) / HOUR_MS,
      budget_usd: value("warmtree_budget_usd", {}) || null,
    },
    template: {
      version: value("warmtree_template_version", {}) || null,
      built_at: timeOrNull(value("warmtree_template_built_timestamp_seconds", {})),
    },
    snapshots: {
      count: value("warmtree_repository_snapshots", {}),
      oldest_at: timeOrNull(value("warmtree_repository_snapshot_oldest_timestamp_seconds", {})),
    },
  };
}

function endedView({ at, sandboxId, agentId, requestId, ...rest }: EndedOperation) {
  return {
    at: rfc3339(at),
    ...rest,
    ...(sandboxId !== undefined && { sandbox_id: sandboxId }),
    ...(agentId !== undefined && { agent_id: agentId }),
    ...(requestId !== undefined && { request_id: requestId }),
  };
}

const rfc3339 = (timeMs: number) => new Date(timeMs).toISOString();
const timeOrNull = (seconds: number) => (seconds === 0 ? null : rfc3339(seconds * 1000));
