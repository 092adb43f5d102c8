/** What may be kept of one tenant. */
interface Limits {
  readonly number: number;
  readonly bytes: number;
}

/** Returns the rows that are beyond the limits; the newest come first, and stay. */
export function beyond<Row extends { readonly bytes: number }>(newestFirst: readonly Row[], limits: Limits): Row[] {
  let bytes = 0;
  return newestFirst.filter((row, at) => {
    bytes += row.bytes;
    return at >= limits.number || bytes > limits.bytes;
  });
}
