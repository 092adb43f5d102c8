import * as z from "zod/v4";
import type { Worth } from "./price.ts";
import { HOUR_MS, hourOf, nextMonthOf, type Spend } from "./spend.ts";
import type { PoolBounds } from "./warm-pool-size.ts";

/** How hard one hour of too much or too little corrects: half the error is gone after about nine hours. */
const GAIN = 0.08;
/** Where it steers to: the rest is for workspaces that go on when the limit is reached. */
const AIM_OF_LIMIT = 0.995;
/** Below this nothing is left to save, and from here it takes two days to come back when spend falls to a quarter. */
const LEAST_KAPPA = 0.005;

const budgetSchema = z
  .object({
    version: z.literal(1),
    /** What waiting is worth, of its full worth: in (0, 1]. */
    kappa: z.number().positive().max(1),
    /** Beginning of the hour of the last correction, in Unix milliseconds. */
    hour: z.number(),
  })
  .readonly();

/** How tight the budget is. Plain JSON. */
export type Budget = z.infer<typeof budgetSchema>;

export type BudgetState =
  /** Everything as configured. */
  | { readonly state: "ample"; readonly kappa: 1 }
  /** Fewer warm sandboxes, shorter idle times. */
  | { readonly state: "tight"; readonly kappa: number }
  /** No pool, no idle time, no new sandboxes until `liftsAt`; workspaces that exist go on. */
  | { readonly state: "exhausted"; readonly kappa: 0; readonly liftsAt: number };

export function fullBudget(now: number): Budget {
  return { version: 1, kappa: 1, hour: hourOf(now) };
}

/** What was stored, or a full budget where that is of another version or not readable. */
export function restoreBudget(stored: unknown, now: number): Budget {
  const parsed = budgetSchema.safeParse(stored);
  return parsed.success ? parsed.data : fullBudget(now);
}

/**
 * Corrects κ, once in every hour: κ × (budget left per hour / spend per hour over the last 24 h)^0.08. Hours in which
 * nobody asked are made up for.
 */
export function correctBudget(budget: Budget, spend: Spend, limitUsd: number, now: number): Budget {
  const hours = Math.floor((hourOf(now) - budget.hour) / HOUR_MS);
  if (hours <= 0) return budget;
  // An exhausted budget decides by itself; κ stays as it was for when it lifts.
  if (spend.monthUsd >= limitUsd) return { ...budget, hour: hourOf(now) };
  const hoursLeft = (nextMonthOf(now) - hourOf(now)) / HOUR_MS;
  const leftPerHour = Math.max(0, AIM_OF_LIMIT * limitUsd - spend.monthUsd) / hoursLeft;
  const spentPerHour = spend.lastDayUsd / 24;
  const ratio = spentPerHour === 0 ? Infinity : leftPerHour / spentPerHour;
  const kappa = Math.min(1, Math.max(LEAST_KAPPA, budget.kappa * ratio ** (GAIN * hours)));
  return { version: 1, kappa, hour: hourOf(now) };
}

export function budgetState(budget: Budget, monthUsd: number, limitUsd: number, now: number): BudgetState {
  if (monthUsd >= limitUsd) return { state: "exhausted", kappa: 0, liftsAt: nextMonthOf(now) };
  return budget.kappa < 1 ? { state: "tight", kappa: budget.kappa } : { state: "ample", kappa: 1 };
}

/** What waiting is worth under the budget. */
export function worthUnder(worth: Worth, kappa: number): Worth {
  return { ...worth, waitUsdPerS: kappa * worth.waitUsdPerS };
}

/** The pool's bounds under the budget: the sandboxes that stand ready whatever the demand are the first to go. */
export function boundsUnder(bounds: PoolBounds, kappa: number): PoolBounds {
  return { min: Math.floor(kappa * bounds.min), max: bounds.max };
}
