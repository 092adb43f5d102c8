import { NOTHING } from "./format.ts";
import type { Point } from "./types.ts";

export interface Series {
  readonly label: string;
  /** Name of a colour in page.css. */
  readonly color: string;
  readonly dash?: boolean;
  /** null: unknown, or nothing was measured. */
  readonly value: (point: Point) => number | null;
}

export interface ChartData {
  /** `bars` and `areas` are stacked; the first series is at the bottom. */
  readonly kind: "bars" | "areas" | "lines";
  readonly series: readonly Series[];
  /** A line over the stacked series. */
  readonly line?: Series;
  readonly points: readonly Point[];
}

export interface ChartProps extends ChartData {
  readonly title: string;
  readonly format: (value: number) => string;
  /** Minimum upper end of the vertical axis. */
  readonly least: number;
  /** The steps of that axis are whole numbers. */
  readonly isWhole?: boolean;
}

type Format = (value: number) => string;

export const allSeries = ({ series, line }: Pick<ChartData, "series" | "line">) => (line ? [...series, line] : series);

export const textOf = (value: number | null, format: Format) => (value === null ? NOTHING : format(value));

/** The newest known value. */
export const lastOf = ({ value }: Series, points: readonly Point[]) =>
  points.map(value).findLast((known) => known !== null) ?? null;

/** Text alternative of a chart. */
export function summaryOf(data: ChartData, format: Format): string {
  const parts = allSeries(data).map((series) => {
    const values = data.points.map(series.value).filter((known) => known !== null);
    if (values.length === 0) return `${series.label}: nothing`;
    return `${series.label}: ${textOf(lastOf(series, data.points), format)} last, ${format(Math.max(...values))} at most`;
  });
  return parts.join("; ");
}

/**
 * Columns as uPlot draws them: the middle of each point's interval in Unix seconds, then values, stacked ones from the
 * top down.
 */
export function columnsOf({ kind, series, line, points }: ChartData): [number[], ...(number | null)[][]] {
  const starts = points.map(({ at }) => Date.parse(at) / 1000);
  const half = ((starts[1] ?? 0) - (starts[0] ?? 0)) / 2;
  const values = series.map(({ value }) => points.map(value));
  const drawn = kind === "lines" ? values : stacked(values).toReversed();
  return [starts.map((start) => start + half), ...drawn, ...(line ? [points.map(line.value)] : [])];
}

function stacked(values: readonly (readonly (number | null)[])[]): (number | null)[][] {
  const below: number[] = [];
  return values.map((column) =>
    column.map((value, row) => {
      if (value === null) return null;
      return (below[row] = (below[row] ?? 0) + value);
    }),
  );
}

/** Indices of values without a neighbour: no line shows them, so they are drawn as points. */
export function alone(values: readonly (number | null | undefined)[]): number[] {
  const isKnown = (index: number) => typeof values[index] === "number";
  return [...values.keys()].filter((index) => isKnown(index) && !isKnown(index - 1) && !isKnown(index + 1));
}
