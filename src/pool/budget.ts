import * as z from "zod/v4";
import type { Worth } from "./price.ts";
import { HOUR_MS, hourOf, nextMonthOf, type Spend } from "./spend.ts";
import type { PoolBounds } from "./warm-pool-size.ts";

/** Gain of the hourly correction: half the error is gone after about nine hours. */
const GAIN = 0.08;
/** Target share of the limit: the rest is for workspaces that continue when the limit is reached. */
const AIM_OF_LIMIT = 0.995;
/**
 * Lower bound of κ: a lower value would save nothing more. Recovery from it takes two days once spend falls to a
 * quarter.
 */
const LEAST_KAPPA = 0.005;

const budgetSchema = z
  .object({
    version: z.literal(1),
    /** Budget factor on the value of waiting, in (0, 1]. */
    kappa: z.number().positive().max(1),
    /** Start of the hour of the last correction, in Unix milliseconds. */
    hour: z.number(),
  })
  .readonly();

/** How tight the budget is. Plain JSON. */
export type Budget = z.infer<typeof budgetSchema>;

export type BudgetState =
  /** No restriction. */
  | { readonly state: "ample"; readonly kappa: 1 }
  /** Fewer warm sandboxes, shorter idle times. */
  | { readonly state: "tight"; readonly kappa: number }
  /** No warm pool, no idle time, no new sandboxes until `liftsAt`; existing workspaces continue. */
  | { readonly state: "exhausted"; readonly kappa: 0; readonly liftsAt: number };

/** Returns a budget without pressure. */
export function fullBudget(now: number): Budget {
  return { version: 1, kappa: 1, hour: hourOf(now) };
}

/** Restores a stored budget. Returns a full budget if the stored one is unreadable or of another version. */
export function restoreBudget(stored: unknown, now: number): Budget {
  const parsed = budgetSchema.safeParse(stored);
  return parsed.success ? parsed.data : fullBudget(now);
}

/**
 * Corrects κ once per hour: κ × (budget left per hour / spend per hour over the last 24 h)^0.08. One call makes up for
 * the hours since the last one.
 */
export function correctBudget(budget: Budget, spend: Spend, limitUsd: number, now: number): Budget {
  const hours = Math.floor((hourOf(now) - budget.hour) / HOUR_MS);
  if (hours <= 0) return budget;
  // An exhausted budget needs no κ; keep it for the time after.
  if (spend.monthUsd >= limitUsd) return { ...budget, hour: hourOf(now) };
  const hoursLeft = (nextMonthOf(now) - hourOf(now)) / HOUR_MS;
  const leftPerHour = Math.max(0, AIM_OF_LIMIT * limitUsd - spend.monthUsd) / hoursLeft;
  const spentPerHour = spend.lastDayUsd / 24;
  const ratio = spentPerHour === 0 ? Infinity : leftPerHour / spentPerHour;
  const kappa = Math.min(1, Math.max(LEAST_KAPPA, budget.kappa * ratio ** (GAIN * hours)));
  return { version: 1, kappa, hour: hourOf(now) };
}

/** Returns the state of a budget at the month's spend. */
export function budgetState(budget: Budget, monthUsd: number, limitUsd: number, now: number): BudgetState {
  if (monthUsd >= limitUsd) return { state: "exhausted", kappa: 0, liftsAt: nextMonthOf(now) };
  return budget.kappa < 1 ? { state: "tight", kappa: budget.kappa } : { state: "ample", kappa: 1 };
}

/** Scales the value of waiting by the budget factor. */
export function worthUnder(worth: Worth, kappa: number): Worth {
  return { ...worth, waitUsdPerS: kappa * worth.waitUsdPerS };
}

/** Scales the pool's bounds by the budget factor: the minimum that is held regardless of demand shrinks first. */
export function boundsUnder(bounds: PoolBounds, kappa: number): PoolBounds {
  return { min: Math.floor(kappa * bounds.min), max: bounds.max };
}
