import { useState } from "preact/hooks";
import { allSeries, type ChartProps, textOf } from "./chart-series.ts";
import { clock } from "./format.ts";
import { Table } from "./table.tsx";

/** Every value of a chart as text, newest first. */
export function ChartTable({ title, format, points, ...data }: ChartProps) {
  const [isOpen, setOpen] = useState(false);
  const series = allSeries(data);
  const columns = [{ label: "From", isHeading: true }, ...series.map(({ label }) => ({ label, isNumber: true }))];
  const rows = points.toReversed().map((point) => ({
    key: point.at,
    cells: [clock(point.at), ...series.map(({ value }) => textOf(value(point), format))],
  }));
  return (
    <details class="values" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        Values<span class="hidden"> of {title}</span>
      </summary>
      {isOpen && <Table caption={title} columns={columns} rows={rows} />}
    </details>
  );
}
