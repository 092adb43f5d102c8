/** Limits of one tenant's stored rows. */
interface Limits {
  readonly number: number;
  readonly bytes: number;
}

/** Returns the rows beyond the limits, counted from the newest. */
export function beyond<Row extends { readonly bytes: number }>(newestFirst: readonly Row[], limits: Limits): Row[] {
  let bytes = 0;
  return newestFirst.filter((row, at) => {
    bytes += row.bytes;
    return at >= limits.number || bytes > limits.bytes;
  });
}
