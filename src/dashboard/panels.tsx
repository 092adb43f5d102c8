import type { ComponentChildren } from "preact";
import { Bar } from "./bar.tsx";
import { Facts } from "./facts.tsx";
import { ago, count, NOTHING, percent, range, seconds, usd } from "./format.ts";
import { SIDE_NAMES } from "./workspace-texts.ts";
import { isAlarming } from "./rates.ts";
import { Table } from "./table.tsx";
import type { Overview } from "./types.ts";

interface PanelsProps {
  readonly overview: Overview | undefined;
  readonly now: number;
}

/** Figures that the charts do not show. */
export function Panels({ overview, now }: PanelsProps) {
  if (!overview) return null;
  return (
    <div class="panels">
      <Operations overview={overview} />
      <Failures overview={overview} />
      <Panel title={`Claims in ${range(overview.minutes)}`}>
        <Shares of={overview.claims.by_source} color="live" />
      </Panel>
      <Sandboxes overview={overview} now={now} />
      <Money spend={overview.spend} />
    </div>
  );
}

function Panel({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="card">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Operations({ overview }: { overview: Overview }) {
  const columns = [
    { label: "Operation", isHeading: true },
    ...["Succeeded", "Failed", "p50", "p95", "p99"].map((label) => ({ label, isNumber: true })),
  ];
  const title = `Operations in ${range(overview.minutes)}`;
  const rows = overview.operations.by_operation.map((outcome) => ({
    key: outcome.operation,
    cells: [
      outcome.operation,
      count(outcome.succeeded),
      <span data-bad={isAlarming(outcome)}>{count(outcome.failed)}</span>,
      ...(["p50", "p95", "p99"] as const).map((share) => (outcome.latency ? seconds(outcome.latency[share]) : NOTHING)),
    ],
  }));
  return (
    <Panel title={title}>
      <Table caption={title} columns={columns} rows={rows} />
    </Panel>
  );
}

/** Failures by the side that has to act, then by their types in Prometheus. */
function Failures({ overview: { minutes, operations, errors } }: { overview: Overview }) {
  const { caller, git_host, service } = operations.failed_by;
  const named = { [SIDE_NAMES.service]: service, [SIDE_NAMES.git_host]: git_host, [SIDE_NAMES.caller]: caller };
  const types = Object.entries(errors.by_type).filter(([, value]) => value > 0);
  return (
    <Panel title={`Failures in ${range(minutes)}`}>
      <Shares of={named} color="bad" />
      {types.length > 0 && (
        <p class="muted types">{types.map(([type, value]) => `${type} ${count(value)}`).join(", ")}</p>
      )}
    </Panel>
  );
}

/** Counts with their shares. */
function Shares({ of: counts, color }: { of: Readonly<Record<string, number>>; color: string }) {
  const total = Object.values(counts).reduce((sum, value) => sum + value, 0);
  return (
    <dl class="shares">
      {Object.entries(counts).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {count(value)} <span class="muted">{total > 0 ? percent(value / total) : NOTHING}</span>
          </dd>
          <Bar parts={[{ share: total > 0 ? value / total : 0, color }]} />
        </div>
      ))}
    </dl>
  );
}

function Sandboxes({ overview, now }: PanelsProps & { overview: Overview }) {
  const { sandboxes, workspaces, pool, template, snapshots } = overview;
  const { by_tier: tiers } = workspaces;
  return (
    <Panel title="Sandboxes and pool">
      <Facts
        facts={[
          ["warm, target", `${count(pool.size)}, ${count(pool.target)}`],
          ["warming", count(sandboxes.by_state.warming)],
          ["bound, top", count(tiers.top)],
          ["bound, active", count(tiers.active)],
          ["bound, idle", count(tiers.idle)],
          ["paused", count(sandboxes.by_state.paused)],
          ["unpushed", count(workspaces.unpushed)],
          ["to be dropped", count(workspaces.announced)],
          ["template", template.version === null ? "not built here" : `version ${count(template.version)}`],
          ...(template.built_at === null ? [] : [["built", ago(template.built_at, now)] as const]),
          ["snapshots", count(snapshots.count)],
          ...(snapshots.oldest_at === null ? [] : [["oldest made", ago(snapshots.oldest_at, now)] as const]),
        ]}
      />
    </Panel>
  );
}

function Money({ spend }: { spend: Overview["spend"] }) {
  const { hour, day, month } = spend.by_period_usd;
  return (
    <Panel title="Spend (UTC)">
      <Facts
        facts={[
          ["this hour", usd(hour)],
          ["today", usd(day)],
          ["this month", usd(month)],
          ["expected", usd(spend.projected_month_usd)],
          ["budget", spend.budget_usd === null ? "no limit" : usd(spend.budget_usd)],
          ["an hour, now", usd(spend.usd_per_hour)],
        ]}
      />
    </Panel>
  );
}
