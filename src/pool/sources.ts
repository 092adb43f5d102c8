/** Where a claim's sandbox came from, in the order in which they are tried. */
export const SOURCES = ["live", "paused", "snapshot", "pool", "cold"] as const;
export type Source = (typeof SOURCES)[number];
