import type { Side } from "../metrics/sides.ts";
import { type Source, SOURCES } from "../pool/sources.ts";
import { Chart } from "./chart.tsx";
import type { Series } from "./chart-series.ts";
import { count, rate, seconds } from "./format.ts";
import { perMinute } from "./rates.ts";
import type { Overview } from "./types.ts";
import { SIDE_NAMES } from "./workspace-texts.ts";

/** From the fastest source to the slowest. */
const SOURCE_COLORS: Readonly<Record<Source, string>> = {
  live: "live",
  paused: "paused",
  snapshot: "snapshot",
  pool: "pool",
  cold: "cold",
};

const SIDE_COLORS: Readonly<Record<Side, string>> = { caller: "warn", git_host: "snapshot", service: "bad" };

const LATENCY: readonly Series[] = [
  { label: "p50", color: "low", value: ({ latency }) => latency?.p50 ?? null },
  { label: "p95", color: "middle", value: ({ latency }) => latency?.p95 ?? null },
  { label: "p99", color: "high", dash: true, value: ({ latency }) => latency?.p99 ?? null },
];
const SANDBOXES: readonly Series[] = [
  // At the bottom of the stack, so that it can be compared with the target.
  { label: "warm", color: "warm", value: ({ sandboxes }) => sandboxes?.warm ?? null },
  { label: "warming", color: "warming", value: ({ sandboxes }) => sandboxes?.warming ?? null },
  { label: "bound", color: "bound", value: ({ sandboxes }) => sandboxes?.bound ?? null },
];
const TARGET: Series = { label: "pool target", color: "text", dash: true, value: ({ pool_target }) => pool_target };

/** The recent history. */
export function Charts({ overview }: { overview: Overview | undefined }) {
  const points = overview?.points ?? [];
  const operations: Series[] = [
    { label: "succeeded", color: "good", value: perMinute({ points }, ({ succeeded }) => succeeded) },
    ...(["caller", "git_host", "service"] as const).map((side) => ({
      label: `failed: ${SIDE_NAMES[side]}`,
      color: SIDE_COLORS[side],
      value: perMinute({ points }, (point) => point.failed_by[side]),
    })),
  ];
  const claims = SOURCES.map((source) => ({
    label: source,
    color: SOURCE_COLORS[source],
    value: perMinute({ points }, (point) => point.claims[source]),
  }));
  return (
    <section class="charts" aria-label="The newest past">
      <Chart
        title="Operations a minute"
        kind="bars"
        series={operations}
        points={points}
        format={rate}
        least={4}
        isWhole
      />
      <Chart title="How long they take" kind="lines" series={LATENCY} points={points} format={seconds} least={0.04} />
      <Chart title="Claims a minute" kind="bars" series={claims} points={points} format={rate} least={4} isWhole />
      <Chart
        title="Sandboxes"
        kind="areas"
        series={SANDBOXES}
        line={TARGET}
        points={points}
        format={count}
        least={4}
        isWhole
      />
    </section>
  );
}
