import type { ShardState } from "../../metrics/pool-sample.ts";
import { idleFrom } from "../../pool/tiers.ts";
import type { Ledger } from "../storage/ledger.ts";
import type { Row } from "../storage/row.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";
import type { SnapshotTable } from "../storage/snapshot-table.ts";
import type { Promoted } from "../../pool/template.ts";

export interface SampleSources {
  readonly rows: SandboxTable;
  readonly snapshotTable: SnapshotTable;
  readonly ledger: Ledger;
  readonly idlePolicy: { tier(row: Row, now: number): "top" | "active" | "idle" };
  readonly filler: { target(now: number): number };
  readonly rentOf: (row: Row) => number;
  readonly templates: { promoted(): Promoted | undefined };
  readonly budgetUsd: number | undefined;
}

/** Takes a sample of this shard's state for the metrics. Runs aggregate queries: keep it off the path of a claim. */
export function takeSample(
  { rows, snapshotTable, ledger, idlePolicy, filler, rentOf, templates, budgetUsd }: SampleSources,
  now: number,
): ShardState {
  const sandboxes = { warming: 0, warm: 0, bound: 0, paused: 0, gone: 0 };
  const paused = { total: 0, unpushed: 0, announced: 0 };
  for (const { state, ...counts } of rows.counts()) {
    sandboxes[state] = counts.total;
    if (state === "paused") Object.assign(paused, counts);
  }
  const workspaces = { top: 0, active: 0, idle: 0, cold: paused.total };
  for (const row of rows.bound()) workspaces[idlePolicy.tier(row, now)]++;
  const ready = snapshotTable.ready();
  const charging = rows.charging();
  const { hourUsd, dayUsd, monthUsd } = ledger.spend(now);
  return {
    sandboxes,
    workspaces,
    unpushed: paused.unpushed,
    announced: paused.announced,
    poolTarget: filler.target(now),
    running: charging.length,
    runningUntil: Math.max(0, ...charging.map((row) => row.ends_at)),
    ranSeconds: ledger.ranSeconds(now),
    usdPerSecond: charging.reduce((sum, row) => sum + rentOf(row), 0),
    spentUsd: { hour: hourUsd, day: dayUsd, month: monthUsd },
    budgetUsd: budgetUsd ?? 0,
    templateVersion: templates.promoted()?.version ?? 0,
    templateBuiltAt: templates.promoted()?.builtAt ?? 0,
    snapshots: ready.length,
    oldestSnapshotAt: ready.length === 0 ? 0 : Math.min(...ready.map((snapshot) => snapshot.made_at)),
  };
}

/** Returns when the sample next changes through time alone: the next active workspace becomes idle. */
export function sampleChangesAt({ rows }: Pick<SampleSources, "rows">, now: number): number | undefined {
  const times = rows
    .bound()
    .map((row) => idleFrom(row.last_used_at))
    .filter((time) => time > now);
  return times.length === 0 ? undefined : Math.min(...times);
}
