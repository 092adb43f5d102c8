import type { Overview } from "../../src/metrics/overview-schema.ts";
import { SIDES } from "../../src/metrics/sides.ts";
import { ago, clock, count, NOTHING, percent, range, rate, seconds, usd } from "../../src/dashboard/format.ts";
import { isAlarming, perMinute } from "../../src/dashboard/rates.ts";
import type { Workspace } from "../../src/dashboard/types.ts";
import { nameOf, nextOf, SIDE_NAMES, stateOf } from "../../src/dashboard/workspace-texts.ts";
import { type Line, line, type Part } from "./line.ts";
import { spark, table } from "./table.ts";

const LABEL_WIDTH = 12;

/** Returns the whole frame, top down; the caller cuts off the lines that do not fit. */
export function frameOf(overview: Overview, width: number): Line[] {
  return [...glance(overview), line(), ...charts(overview, width), line(), ...byOperation(overview)];
}

const labelled = (label: string, ...parts: Part[]) => line(["dim", label.padEnd(LABEL_WIDTH)], ...parts);

function glance({ sandboxes, pool, claims, operations, spend, minutes }: Overview): Line[] {
  const { by_state: states } = sandboxes;
  const { latency, succeeded, failed } = operations;
  const within = ` in ${range(minutes)}`;
  const named = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, value]) => `${name} ${count(value)}`)
      .join("  ");
  const isBad = isAlarming(operations);
  const sides = Object.fromEntries(SIDES.map((side) => [SIDE_NAMES[side], operations.failed_by[side]]));
  const limit = spend.budget_usd === null ? "no limit" : `of ${usd(spend.budget_usd)}`;
  return [
    labelled(
      "sandboxes",
      ["bold", count(sandboxes.running)],
      ` running of ${count(sandboxes.most)}${sandboxes.running >= sandboxes.most ? " (at the limit)" : ""}: ${count(states.bound)} bound, ${count(states.warm)} warm of ${count(pool.target)} wanted; ${count(states.paused)} paused`,
    ),
    labelled(
      "hit rate",
      ["bold", claims.hit_rate === null ? NOTHING : percent(claims.hit_rate)],
      `  ${named(claims.by_source)}`,
    ),
    labelled("operations", ["bold", rate(operations.per_minute)], ` a minute, ${count(succeeded + failed)}${within}`),
    labelled(
      "take",
      ["bold", latency ? seconds(latency.p95) : NOTHING],
      latency ? ` p95  ${seconds(latency.p50)} p50  ${seconds(latency.p99)} p99` : "",
    ),
    labelled("failed", [isBad ? "bad" : "bold", count(failed)], `${within}  ${named(sides)}`),
    labelled(
      "spent",
      ["bold", usd(spend.by_period_usd.month)],
      ` this month ${limit}, ${usd(spend.projected_month_usd)} expected; ${usd(spend.usd_per_hour)} an hour now`,
    ),
  ];
}

function charts({ points }: Overview, width: number): Line[] {
  const over = points.slice(0, -1);
  const ended = over.map(perMinute({ points }, ({ succeeded, failed }) => succeeded + failed));
  const failed = over.map(perMinute({ points }, (point) => point.failed));
  const p95 = over.map(({ latency }) => latency?.p95 ?? null);
  const running = points.map(({ sandboxes }) => sandboxes && sandboxes.bound + sandboxes.warm);
  const chart = (label: string, values: readonly (number | null)[], format: (value: number) => string) => {
    const most = Math.max(...values.map((value) => value ?? 0));
    const room = Math.max(width - LABEL_WIDTH - 16, 10);
    return labelled(label, ["good", spark(values, room)], ["dim", `  at most ${format(most)}`]);
  };
  return [
    chart("a minute", ended, rate),
    chart("… failed", failed, rate),
    chart("p95", p95, seconds),
    chart("running", running, count),
  ];
}

function byOperation({ operations }: Overview): Line[] {
  const number = (heading: string) => ({ heading, isNumber: true });
  return table(
    ["operation", number("succeeded"), number("failed"), number("p50"), number("p95"), number("p99")],
    operations.by_operation.map(({ latency, ...outcome }) => [
      outcome.operation,
      count(outcome.succeeded),
      isAlarming(outcome) ? ["bad", count(outcome.failed)] : count(outcome.failed),
      ...(["p50", "p95", "p99"] as const).map((share) => (latency ? seconds(latency[share]) : NOTHING)),
    ]),
  );
}

export function newestLines({ newest }: Overview): Line[] {
  const rows = newest.map(({ at, operation, code, seconds: took, source = NOTHING, tenant }): Part[] => [
    clock(at),
    operation,
    code === undefined ? ["good", "ok"] : ["bad", code],
    seconds(took),
    source,
    tenant,
  ]);
  const columns = ["ended", "operation", "result", { heading: "took", isNumber: true }, "sandbox", "tenant"];
  return table(columns, rows.length > 0 ? rows : [[["dim", "none yet"]]]);
}

export function workspaceLines(workspaces: readonly Workspace[], now: number): Line[] {
  const rows = workspaces.map((workspace): Part[] => [
    workspace.repository,
    nameOf(workspace),
    stateOf(workspace),
    workspace.unpushed ? ["bad", "unpushed"] : "",
    ago(workspace.last_used_at, now),
    nextOf(workspace, now),
    workspace.tenant,
  ]);
  const columns = ["repository", "agent / task", "state", "", "last used", "next", "tenant"];
  return table(columns, rows.length > 0 ? rows : [[["dim", "none"]]]);
}
