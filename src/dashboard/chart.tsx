import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { plotOptions } from "./chart-options.ts";
import { allSeries, type ChartData, type ChartProps, columnsOf, lastOf, summaryOf, textOf } from "./chart-series.ts";
import { ChartTable } from "./chart-table.tsx";
import { clock } from "./format.ts";
import { useTheme } from "./theme.tsx";

/** A chart over the range. Its cursor is synchronised with the other charts. Text shows its values, too. */
export function Chart(props: ChartProps) {
  const { title, points, format } = props;
  const theme = useTheme();
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [pointed, setPointed] = useState<number>();

  // Recreates the plot when the theme changes; new points only replace its data.
  useEffect(() => {
    const parent = frame.current;
    if (!parent) return undefined;
    const made = new uPlot(plotOptions(props, parent, setPointed), columnsOf(props), parent);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: parent.clientWidth, height: parent.clientHeight }));
    resized.observe(parent);
    return () => {
      resized.disconnect();
      made.destroy();
    };
  }, [theme]);
  useEffect(() => plot.current?.setData(columnsOf(props)), [points]);

  const shown = pointed === undefined ? undefined : points[pointed];
  return (
    <figure class="card chart">
      <figcaption>
        <h3>{title}</h3>
        <span class="muted">{shown && clock(shown.at)}</span>
      </figcaption>
      <div class="plot" ref={frame} role="img" aria-label={`${title}. ${summaryOf(props, format)}.`} />
      {isEmpty(props) && <p class="nothing">Nothing in this range.</p>}
      <ul class="legend">
        {allSeries(props).map((series) => (
          <li key={series.label}>
            <span class="swatch" data-dash={series.dash} style={{ color: `var(--${series.color})` }} />
            {series.label}
            <b>{textOf(shown ? series.value(shown) : lastOf(series, points), format)}</b>
          </li>
        ))}
      </ul>
      <ChartTable {...props} />
    </figure>
  );
}

function isEmpty(data: ChartData): boolean {
  return data.points.every((point) => allSeries(data).every(({ value }) => !value(point)));
}
