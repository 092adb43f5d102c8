/** Selectable ranges of an overview, in minutes. Separate from its schema, which the page does not load. */
export const RANGES = [5, 15, 60] as const;
