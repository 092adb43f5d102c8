/** Weight of the newest measurement: the last ten or so decide, and one outlier moves the average by a tenth of itself. */
const NEWEST = 0.1;

/** Exponentially weighted average of measurements: `average`, after one more. */
export function ewma(average: number, measured: number): number {
  return average + NEWEST * (measured - average);
}
