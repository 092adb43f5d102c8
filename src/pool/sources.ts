/** Sources of a claim's sandbox, in the order of preference. */
export const SOURCES = ["live", "paused", "snapshot", "pool", "cold"] as const;
export type Source = (typeof SOURCES)[number];
