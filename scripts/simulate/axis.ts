/** A logarithmic axis from values to pixels. */
export interface Axis {
  readonly at: (value: number) => number;
  /** Round values along the axis: 1, 2 and 5 of each power of ten. */
  readonly ticks: readonly number[];
}

/** Returns an axis that covers `values` and some space around them. */
export function logAxis(values: readonly number[], fromPx: number, toPx: number): Axis {
  const low = Math.log10(Math.min(...values)) - 0.12;
  const high = Math.log10(Math.max(...values)) + 0.12;
  const ticks: number[] = [];
  for (let power = Math.floor(low); power <= high; power++) {
    for (const step of [1, 2, 5]) {
      const tick = step * 10 ** power;
      if (Math.log10(tick) >= low && Math.log10(tick) <= high) ticks.push(tick);
    }
  }
  return { at: (value) => fromPx + ((Math.log10(value) - low) / (high - low)) * (toPx - fromPx), ticks };
}
