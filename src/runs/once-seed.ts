/** Returns the seed for the ids of an item's operations (src/execution/once.ts). */
export const onceSeed = (seed: string, item: number): string => `${seed}.${item}`;
