import * as z from "zod/v4";
import { ewma } from "./average.ts";
import type { Worth } from "./price.ts";

/** E2B's own creation takes about this; measurements take over with the first creation. */
const FIRST_CREATE_S = 0.45;
/** How far demand is remembered. Longer keeps sandboxes after a burst, shorter forgets one between its waves. */
const MEMORY_S = 600;
/**
 * So many claims at once are a burst, and it is bet for a while that more follow: the rates below ask what was typical in
 * ten minutes, and one burst is not. Twenty seconds let a pool that is refilled by one a second grow to ten, and be of use.
 */
const BURST_CLAIMS = 3;
const AT_ONCE_MS = 2_000;
const BURST_MS = 20_000;

const amount = z.number().nonnegative();
const demandSchema = z
  .object({
    version: z.literal(1),
    createS: amount,
    /** When `rates` was true, in Unix milliseconds; all of them decay alike from then on. */
    at: z.number(),
    /** For the s-th sandbox of the pool, at s − 1: seconds of waiting it would save, a second. */
    rates: z.array(amount).readonly(),
    /** Unix milliseconds of the newest claims, oldest first: no more than the pool's maximum. */
    claims: z.array(z.number()).readonly(),
  })
  .readonly();

/** Demand for blank sandboxes, by what each size of the pool would be worth. Plain JSON. */
export type Demand = z.infer<typeof demandSchema>;

export interface PoolBounds {
  readonly min: number;
  readonly max: number;
}

export function noDemand(now: number): Demand {
  return { version: 1, createS: FIRST_CREATE_S, at: now, rates: [], claims: [] };
}

/** What was stored, or no demand where that is of another version or not readable. */
export function restoreDemand(stored: unknown, now: number): Demand {
  const parsed = demandSchema.safeParse(stored);
  return parsed.success ? parsed.data : noDemand(now);
}

function faded({ at, rates }: Demand, now: number): readonly number[] {
  const factor = Math.exp(-Math.max(0, now - at) / 1000 / MEMORY_S);
  return rates.map((rate) => rate * factor);
}

/**
 * Seconds of waiting that each sandbox of the pool saves a claim at `now`; for the s-th at s − 1. With s sandboxes in
 * stock, each replaced when it is taken, the claim would find the one that was ordered s claims ago, and wait for what is
 * left of its creation. The s-th saves the difference between s − 1 and s of them.
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

/** A claim came that needs a blank sandbox, whether or not the pool had one. */
export function observeClaim(demand: Demand, now: number, max: number): Demand {
  const before = faded(demand, now);
  const rates = savingsS(demand, now, max).map((savedS, unit) => (before[unit] ?? 0) + savedS / MEMORY_S);
  const claims = max > 0 ? [...demand.claims, now].slice(-max) : [];
  return { ...demand, at: Math.max(demand.at, now), rates, claims };
}

/** A creation took this long, for the pool or for a claim that found it empty. */
export function observeCreation(demand: Demand, seconds: number): Demand {
  return { ...demand, createS: ewma(demand.createS, seconds) };
}

/**
 * How many sandboxes the pool should hold: the largest number whose last one saves waiting worth more than its rent, and
 * in a burst as many as were claimed in it.
 */
export function poolTarget(demand: Demand, now: number, { min, max }: PoolBounds, worth: Worth): number {
  const wanted = faded(demand, now).findLastIndex((rate) => pays(rate, worth)) + 1;
  const inBurst = burstsAt(demand, now, worth).map(({ claims }) => claims);
  return Math.max(min, Math.min(Math.max(wanted, ...inBurst), max));
}

/** When the target falls next if no claim comes; undefined: not any more. */
export function nextDropAt(demand: Demand, now: number, bounds: PoolBounds, worth: Worth): number | undefined {
  const target = poolTarget(demand, now, bounds, worth);
  if (target <= bounds.min) return undefined;
  // In the whole millisecond after it, the rate certainly pays no more.
  const longest = Math.max(0, ...demand.rates.slice(target - 1));
  const paysForS = MEMORY_S * Math.log((worth.waitUsdPerS * longest) / worth.rentUsdPerS);
  const until = Math.floor(demand.at + paysForS * 1000) + 1;
  const bursts = burstsAt(demand, now, worth).filter(({ claims }) => claims >= target);
  return Math.max(until, ...bursts.map((burst) => burst.until));
}

/** The bursts that are bet on at `now`: for each claim, how many came within AT_ONCE_MS from it. */
function burstsAt(
  demand: Demand,
  now: number,
  { waitUsdPerS, rentUsdPerS }: Worth,
): { claims: number; until: number }[] {
  // Each sandbox held for it has to pay when one more claim takes it.
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
