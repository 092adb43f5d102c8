import * as z from "zod/v4";
import { ewma } from "./average.ts";
import type { Worth } from "./price.ts";

/** Initial estimate of a creation by E2B. Measured creations adjust it. */
const FIRST_CREATE_S = 0.45;
/**
 * Time constant of the demand's decay. A longer one keeps sandboxes after a burst; a shorter one forgets a burst
 * between its waves.
 */
const MEMORY_S = 600;
/**
 * Number of claims within AT_ONCE_MS that count as a burst; for BURST_MS the pool expects more. The rates below average
 * ten minutes, so one burst hardly moves them. In twenty seconds a pool refilled once per second can grow to ten, and
 * still be of use.
 */
const BURST_CLAIMS = 3;
const AT_ONCE_MS = 2_000;
const BURST_MS = 20_000;

const amount = z.number().nonnegative();
const demandSchema = z
  .object({
    version: z.literal(1),
    createS: amount,
    /** Reference time of `rates`, in Unix milliseconds; all of them decay alike from then on. */
    at: z.number(),
    /** Index s − 1, for the s-th sandbox of the pool: seconds of waiting saved per second. */
    rates: z.array(amount).readonly(),
    /** Unix milliseconds of the newest claims, oldest first: at most the pool's maximum. */
    claims: z.array(z.number()).readonly(),
  })
  .readonly();

/** Demand for warm sandboxes, as the value of each pool size. Plain JSON. */
export type Demand = z.infer<typeof demandSchema>;

export interface PoolBounds {
  readonly min: number;
  readonly max: number;
}

/** Returns the state before any claim. */
export function noDemand(now: number): Demand {
  return { version: 1, createS: FIRST_CREATE_S, at: now, rates: [], claims: [] };
}

/** Restores stored demand. Returns no demand if it is unreadable or of another version. */
export function restoreDemand(stored: unknown, now: number): Demand {
  const parsed = demandSchema.safeParse(stored);
  return parsed.success ? parsed.data : noDemand(now);
}

function faded({ at, rates }: Demand, now: number): readonly number[] {
  const factor = Math.exp(-Math.max(0, now - at) / 1000 / MEMORY_S);
  return rates.map((rate) => rate * factor);
}

/**
 * Returns the seconds of waiting that each sandbox of the pool saves a claim at `now`; index s − 1 for the s-th. With s
 * sandboxes in stock, each replaced when taken, a claim finds the one ordered s claims ago, and waits for the rest of
 * its creation. The s-th saves the difference between s − 1 and s sandboxes.
 */
export function savingsS({ createS, claims }: Demand, now: number, max: number): number[] {
  const savings: number[] = [];
  let waitS = createS;
  for (let stock = 1; stock <= max; stock++) {
    const ordered = claims.at(-stock);
    const left = ordered === undefined ? 0 : createS - Math.max(0, now - ordered) / 1000;
    const waitWithOneMoreS = Math.min(waitS, Math.max(0, left));
    savings.push(waitS - waitWithOneMoreS);
    waitS = waitWithOneMoreS;
  }
  return savings;
}

/** Observes a claim that needs a warm sandbox, whether or not the pool had one. */
export function observeClaim(demand: Demand, now: number, max: number): Demand {
  const before = faded(demand, now);
  const rates = savingsS(demand, now, max).map((savedS, unit) => (before[unit] ?? 0) + savedS / MEMORY_S);
  const claims = max > 0 ? [...demand.claims, now].slice(-max) : [];
  return { ...demand, at: Math.max(demand.at, now), rates, claims };
}

/** Observes the duration of a creation, for the pool or for a claim that found it empty. */
export function observeCreation(demand: Demand, seconds: number): Demand {
  return { ...demand, createS: ewma(demand.createS, seconds) };
}

/**
 * Returns the target size: the largest number whose last sandbox saves waiting worth more than its rent, and in a burst
 * the number of its claims.
 */
export function poolTarget(demand: Demand, now: number, { min, max }: PoolBounds, worth: Worth): number {
  const wanted = faded(demand, now).findLastIndex((rate) => pays(rate, worth)) + 1;
  const inBurst = burstsAt(demand, now, worth).map(({ claims }) => claims);
  return Math.max(min, Math.min(Math.max(wanted, ...inBurst), max));
}

/** Returns when the target falls next if no claim comes; undefined: never. */
export function nextDropAt(demand: Demand, now: number, bounds: PoolBounds, worth: Worth): number | undefined {
  const target = poolTarget(demand, now, bounds, worth);
  if (target <= bounds.min) return undefined;
  // One whole millisecond later, the rate certainly no longer pays.
  const longest = Math.max(0, ...demand.rates.slice(target - 1));
  const paysForS = MEMORY_S * Math.log((worth.waitUsdPerS * longest) / worth.rentUsdPerS);
  const until = Math.floor(demand.at + paysForS * 1000) + 1;
  const bursts = burstsAt(demand, now, worth).filter(({ claims }) => claims >= target);
  return Math.max(until, ...bursts.map((burst) => burst.until));
}

/** Lists the bursts that count at `now`: for each claim, the number of claims within AT_ONCE_MS from it. */
function burstsAt(
  demand: Demand,
  now: number,
  { waitUsdPerS, rentUsdPerS }: Worth,
): { claims: number; until: number }[] {
  // Each sandbox held for a burst must pay for itself if one more claim takes it.
  if (waitUsdPerS * demand.createS < (rentUsdPerS * BURST_MS) / 1000) return [];
  const { claims } = demand;
  let end = 0;
  return claims
    .map((first, index) => {
      while (end < claims.length && (claims[end] ?? 0) - first < AT_ONCE_MS) end++;
      return { claims: end - index, until: first + BURST_MS };
    })
    .filter((burst) => burst.claims >= BURST_CLAIMS && burst.until > now);
}

function pays(rate: number, { waitUsdPerS, rentUsdPerS }: Worth): boolean {
  return waitUsdPerS * rate >= rentUsdPerS;
}
