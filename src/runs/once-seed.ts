/** What the names of an item's operations are made from (src/execution/once.ts). */
export const onceSeed = (seed: string, item: number): string => `${seed}.${item}`;
