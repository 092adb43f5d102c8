/**
 * Weight of the newest measurement: about the last ten decide, and an outlier moves the average by a tenth of its
 * distance.
 */
const NEWEST = 0.1;

/** Returns the exponentially weighted average after one more measurement. */
export function ewma(average: number, measured: number): number {
  return average + NEWEST * (measured - average);
}
