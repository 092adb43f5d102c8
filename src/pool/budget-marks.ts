import * as z from "zod/v4";
import { monthOf } from "./spend.ts";

/** Shares of the budget, in percent, at which the operator is notified. */
const MARKS = [80, 100] as const;

const toldSchema = z.object({ month: z.number(), percent: z.number() }).readonly();
/** The highest mark that was reported, and the start of its month in Unix milliseconds. */
export type ToldMark = z.infer<typeof toldSchema>;

export const NOTHING_TOLD: ToldMark = { month: 0, percent: 0 };

/** Restores a stored mark. Returns undefined if it is unreadable. */
export function restoreTold(stored: unknown): ToldMark | undefined {
  return toldSchema.safeParse(stored).data;
}

/** Returns the marks that the month's spend has reached, without those that were reported in this month. */
export function marksReached(monthUsd: number, limitUsd: number, told: ToldMark, now: number): (80 | 100)[] {
  const toldPercent = told.month === monthOf(now) ? told.percent : 0;
  return MARKS.filter((percent) => percent > toldPercent && monthUsd >= (percent / 100) * limitUsd);
}
