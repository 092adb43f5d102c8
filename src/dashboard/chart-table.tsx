import { useState } from "preact/hooks";
import { allSeries, type ChartProps, textOf } from "./chart-series.ts";
import { clock } from "./format.ts";
import { Table } from "./table.tsx";

/** Every value of a chart as text, newest first. */
export function ChartTable({ title, format, points, ...data }: ChartProps) {
  const [isOpen, setOpen] = useState(false);
  const series = allSeries(data);
  return (
    <details class="values" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        Values<span class="hidden"> of {title}</span>
      </summary>
      {isOpen && (
        <Table caption={title} columns={["From", ...series.map(({ label }) => ({ label, isNumber: true }))]}>
          {points.toReversed().map((point) => (
            <tr key={point.at}>
              <th scope="row">{clock(point.at)}</th>
              {series.map(({ label, value }) => (
                <td key={label} class="number">
                  {textOf(value(point), format)}
                </td>
              ))}
            </tr>
          ))}
        </Table>
      )}
    </details>
  );
}
