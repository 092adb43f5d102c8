import type { Row } from "./measure.ts";

export const HEADING =
  "strategy              wall s  x full  x shallow        MB  requests  history  ms of it (sandbox, fetch, checkout)";

export function rowLine(row: Row): string {
  const parts = Object.entries(row.timing).map(([name, ms]) => `${name.replace(/_ms$/, "")} ${ms}`);
  return [
    row.strategy.padEnd(20),
    row.wall_s.toFixed(2).padStart(7),
    row.ratio_to_full.toFixed(3).padStart(7),
    row.ratio_to_shallow.toFixed(3).padStart(10),
    (row.bytes / 1e6).toFixed(2).padStart(9),
    String(row.requests).padStart(9),
    (row.full_history ? "full" : "part").padStart(8),
    "",
    parts.join(", "),
  ]
    .join(" ")
    .trimEnd();
}
