/**
 * What the names of an item's operations are made from (src/execution/once.ts). A person who goes on with an ended run
 * wants its failed operations done anew.
 */
export const onceSeed = (seed: string, attempt: number, item: number): string => `${seed}.${attempt}.${item}`;
