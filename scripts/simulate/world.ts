import { breakEvenMs } from "../../src/pool/learned.ts";
import { DEFAULT_SIZE, DEFAULT_WAIT_USD_PER_S, usdPerSecond, type Worth } from "../../src/pool/price.ts";

/** What the simulated E2B and git take. The first three are E2B's own words, the clone is a link of 160 Mbit/s. */
export const CREATE_S = 0.45;
export const RESUME_S = 1;
export const PAUSE_S = 2;
const CLONE_LEAST_S = 0.5;
const CLONE_MB_PER_S = 20;

export const WORTH: Worth = { waitUsdPerS: DEFAULT_WAIT_USD_PER_S, rentUsdPerS: usdPerSecond(DEFAULT_SIZE) };

/** What keeping costs no more than: the miss with a pause, in milliseconds of rent. */
export const PAUSE_BREAK_EVEN_MS = breakEvenMs(RESUME_S, WORTH);

export function cloneS(sizeMb: number): number {
  return CLONE_LEAST_S + sizeMb / CLONE_MB_PER_S;
}
