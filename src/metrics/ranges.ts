/** Selectable ranges of an overview, in minutes. Apart from its schema, which the page does without. */
export const RANGES = [5, 15, 60] as const;
