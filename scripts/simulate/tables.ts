import type { Line } from "./compare.ts";
import type { Brake, MonthOutcome } from "./month.ts";

type Column<Of> = readonly [heading: string, cell: (line: Of) => string];

const LINE_COLUMNS: readonly Column<Line>[] = [
  ["policy", (line) => line.policy],
  ["$ a month", (line) => dollars(line.usd_month)],
  ["starts in 1.5 s", (line) => percent(line.starts_within_1_5s)],
  ["wait a session", (line) => `${line.mean_wait_s.toFixed(2)} s`],
  ["J / bound", (line) => line.j_over_bound.toFixed(2)],
  ["pool alone", (line) => line.pool_j_over_bound?.toFixed(2) ?? ""],
];

const BRAKES: Record<Brake, string> = {
  none: "no limit",
  stop: "spend, then stop",
  budget: "budget rule",
};

const MONTH_COLUMNS: readonly Column<MonthOutcome>[] = [
  ["a month with", ({ brake }) => BRAKES[brake]],
  ["spent", ({ usd }) => dollars(usd)],
  ["of the limit", ({ of_limit }) => percent(of_limit)],
  ["workspaces refused", ({ refused }) => percent(refused)],
  ["wait a session", ({ mean_wait_s }) => `${mean_wait_s.toFixed(2)} s`],
];

export function lineTable(lines: readonly Line[]): string {
  return table(LINE_COLUMNS, lines);
}

export function monthTable(lines: readonly MonthOutcome[]): string {
  return table(MONTH_COLUMNS, lines);
}

/** Aligns the first column to the left, numbers to the right. */
function table<Of>(columns: readonly Column<Of>[], lines: readonly Of[]): string {
  const rows = [columns.map(([heading]) => heading), ...lines.map((line) => columns.map(([, cell]) => cell(line)))];
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

function dollars(usd: number): string {
  return `$${Math.round(usd).toLocaleString("en-US")}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
