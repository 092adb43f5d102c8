const FIRST_MS = 2_000;
const LONGEST_MS = 5 * 60_000;

/**
 * Returns the wait in milliseconds after `failures` consecutive failures: exponential, with jitter, so that many
 * callers do not retry at once.
 */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 16));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}
