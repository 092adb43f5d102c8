import type { ComponentChildren } from "preact";
import { Bar } from "./bar.tsx";
import { count, NOTHING, percent, range, rate, seconds, usd } from "./format.ts";
import { isAlarming, perMinute } from "./rates.ts";
import { Spark } from "./spark.tsx";
import { SIDE_NAMES } from "./workspace-texts.ts";
import type { Overview } from "./types.ts";

/** The key figures for an operator. Their places stay while there are no values. */
export function Numbers({ overview }: { overview: Overview | undefined }) {
  return (
    <section aria-label="At a glance">
      <dl class="figures">
        {overview ? (
          <>
            <Sandboxes {...overview} />
            <HitRate {...overview} />
            <Operations {...overview} />
            <Latency {...overview} />
            <Failures {...overview} />
            <Spend {...overview} />
          </>
        ) : (
          LABELS.map((label) => <Figure key={label} label={label} value={NOTHING} picture={null} />)
        )}
      </dl>
    </section>
  );
}

const LABELS = [
  "Sandboxes running",
  "Hit rate",
  "Operations a minute",
  "95% take less than",
  "Failed",
  "Spent this month",
];

interface FigureProps {
  readonly label: string;
  readonly value: string;
  readonly isBad?: boolean;
  readonly picture: ComponentChildren;
  /** One line of details. */
  readonly children?: ComponentChildren;
}

function Figure({ label, value, isBad = false, picture, children }: FigureProps) {
  return (
    <div class="card">
      <dt>{label}</dt>
      <dd class="figure" data-bad={isBad}>
        {value}
      </dd>
      <dd class="muted">
        {children}
        <span class="picture">{picture}</span>
      </dd>
    </div>
  );
}

function Sandboxes({ sandboxes: { running, most, by_state: states } }: Overview) {
  const isFull = running >= most;
  const parts = [
    { share: states.bound / most, color: "bound" },
    { share: states.warm / most, color: "warm" },
  ];
  return (
    <Figure label="Sandboxes running" value={count(running)} isBad={isFull} picture={<Bar parts={parts} />}>
      {isFull
        ? `${count(running)} of ${count(most)}: at the limit`
        : `${count(states.bound)} bound, ${count(states.warm)} warm · of ${count(most)}`}
    </Figure>
  );
}

function HitRate({ claims: { by_source: sources, hit_rate: hits }, minutes }: Overview) {
  const claimed = Object.values(sources).reduce((sum, value) => sum + value, 0);
  return (
    <Figure
      label="Hit rate"
      value={hits === null ? NOTHING : percent(hits)}
      picture={<Bar parts={[{ share: hits ?? 0, color: "good" }]} />}
    >
      of {count(claimed)} claims in {range(minutes)}
    </Figure>
  );
}

function Operations({ operations, points, minutes }: Overview) {
  const ended = perMinute({ points }, ({ succeeded, failed }) => succeeded + failed);
  return (
    <Figure
      label="Operations a minute"
      value={rate(operations.per_minute)}
      picture={<Spark values={points.slice(0, -1).map(ended)} color="good" />}
    >
      {count(operations.succeeded + operations.failed)} in {range(minutes)}
    </Figure>
  );
}

function Latency({ operations: { latency }, points }: Overview) {
  return (
    <Figure
      label="95% take less than"
      value={latency ? seconds(latency.p95) : NOTHING}
      picture={<Spark values={points.slice(0, -1).map((point) => point.latency?.p95 ?? null)} color="paused" />}
    >
      {latency ? `p50 ${seconds(latency.p50)} · p99 ${seconds(latency.p99)}` : "nothing succeeded"}
    </Figure>
  );
}

function Failures({ operations, points, minutes }: Overview) {
  const { succeeded, failed, failed_by: by } = operations;
  const sides = (["service", "git_host", "caller"] as const).filter((side) => by[side] > 0);
  return (
    <Figure
      label="Failed"
      value={count(failed)}
      isBad={isAlarming(operations)}
      picture={<Spark values={points.slice(0, -1).map((point) => point.failed)} color="bad" />}
    >
      {failed === 0
        ? `of ${count(succeeded)} in ${range(minutes)}`
        : `${percent(failed / (failed + succeeded))}: ${sides.map((side) => `${SIDE_NAMES[side]} ${count(by[side])}`).join(", ")}`}
    </Figure>
  );
}

function Spend({ spend: { by_period_usd: spent, projected_month_usd: projected, budget_usd: budget } }: Overview) {
  const isOver = budget !== null && spent.month >= budget;
  const left = { share: (projected - spent.month) / (budget ?? Infinity), color: "control" };
  const parts = budget === null ? [] : [{ share: spent.month / budget, color: isOver ? "bad" : "good" }, left];
  return (
    <Figure label="Spent this month" value={usd(spent.month)} isBad={isOver} picture={<Bar parts={parts} />}>
      {budget === null ? "no limit" : `of ${usd(budget)}${isOver ? ": at the limit" : ""}`} · {usd(projected)} expected
    </Figure>
  );
}
