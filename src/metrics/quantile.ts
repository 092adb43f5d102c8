/**
 * Returns the value below which `share` of the observations lie. Computed like histogram_quantile of Prometheus: linear
 * within a bucket; for values beyond the last bound, that bound. Undefined: no observations.
 * @param counts per bucket, not cumulative: one per bound, and one for values beyond
 */
export function quantile(share: number, bounds: readonly number[], counts: readonly number[]): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let left = share * total;
  let lower = 0;
  for (const [index, bound] of bounds.entries()) {
    const count = counts[index] ?? 0;
    if (count > 0 && left <= count) return lower + ((bound - lower) * left) / count;
    left -= count;
    lower = bound;
  }
  return lower;
}
