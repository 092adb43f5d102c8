import uPlot from "uplot";
import { alone, type ChartProps, type Series } from "./chart-series.ts";
import { minute } from "./format.ts";

const AXIS_WIDTH_PX = 52;
/** Steps of an axis that shows counts. */
const WHOLE_STEPS = Array.from({ length: 7 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();
/** In seconds: labels have no seconds, so two of one minute would be the same. */
const TIME_STEPS = [1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60);
const FONT = "12px Inter, system-ui, sans-serif";

/**
 * uPlot options of a chart. uPlot's legend is off, because screen readers can read ours.
 * @param pointAt called with the index of the point under the pointer
 */
export function plotOptions(
  { kind, series, line, format, least, isWhole }: ChartProps,
  parent: HTMLElement,
  pointAt: (index: number | undefined) => void,
): uPlot.Options {
  const color = colorsOf(parent);
  const draw = ({ label, color: name, dash }: Series, shape: ChartProps["kind"]): uPlot.Series => ({
    label,
    stroke: color(name),
    width: 2,
    ...(dash && { dash: [5, 4] }),
    ...shapeOf(shape, color(name)),
  });
  const drawn = series.map((one) => draw(one, kind));
  const axis = { stroke: color("muted"), font: FONT, ticks: { show: false } };
  return {
    width: parent.clientWidth,
    height: parent.clientHeight,
    legend: { show: false },
    cursor: { y: false, drag: { x: false }, points: { show: kind === "lines" }, sync: { key: "page" } },
    scales: {
      x: { range: (plot) => wholePieces(plot.data[0]) },
      y: { range: (_plot, _min, max) => [0, Math.max((max ?? 0) * 1.05, least)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 28,
        space: 70,
        incrs: TIME_STEPS,
        values: (_plot, splits) => splits.map((time) => minute(time * 1000)),
      },
      {
        ...axis,
        grid: { stroke: color("border"), width: 1 },
        size: AXIS_WIDTH_PX,
        space: 32,
        ...(isWhole && { incrs: WHOLE_STEPS }),
        values: (_plot, splits) => splits.map(format),
      },
    ],
    series: [
      {},
      // The same order as in columnsOf.
      ...(kind === "lines" ? drawn : drawn.toReversed()),
      ...(line ? [draw(line, "lines")] : []),
    ],
    hooks: { setCursor: [({ cursor }) => pointAt(cursor.idx ?? undefined)] },
  };
}

/** From the first interval's start to the last one's end: points are drawn in the middle of their intervals. */
function wholePieces(times: ArrayLike<number>): [number, number] {
  const [first = 0, second = 0, last = 0] = [times[0], times[1], times[times.length - 1]];
  const half = (second - first) / 2;
  return [first - half, last + half];
}

function shapeOf(kind: ChartProps["kind"], fill: string): Partial<uPlot.Series> {
  if (kind === "lines") {
    const filter: uPlot.Series.Points.Filter = (plot, index) => alone([...(plot.data[index] ?? [])]);
    return { points: { show: true, size: 6, fill, filter } };
  }
  const { bars } = uPlot.paths;
  // An area is made of bars that touch, so that the newest value has the width of the others.
  const paths = kind === "bars" ? bars?.({ size: [0.75, 40], radius: 0.15 }) : bars?.({ size: [1, Infinity] });
  return { fill, width: 0, points: { show: false }, ...(paths && { paths }) };
}

/** A canvas cannot resolve CSS variables, so the colour is computed on an element. */
function colorsOf(parent: HTMLElement): (name: string) => string {
  return (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(--${name})`;
    parent.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}
