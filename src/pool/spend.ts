export const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Running time of one hour (UTC) of the ledger. Hours are the ledger; days and months are sums of them. */
export interface HourCharge {
  /** Unix milliseconds at which the hour begins. */
  readonly hour: number;
  readonly runningMs: number;
}

export interface LedgerHour extends HourCharge {
  /** Price at which it ran: another template size makes another line of the same hour. */
  readonly usdPerS: number;
}

export interface Spend {
  readonly hourUsd: number;
  readonly dayUsd: number;
  readonly monthUsd: number;
  /** The 24 hours before the hour that runs now. */
  readonly lastDayUsd: number;
}

/**
 * The time a sandbox ran and was not charged for yet, by hour. The caller adds it to the ledger and sets the row's
 * `chargedUntil` to `until` in one transaction: so each millisecond is charged once, however often this is repeated.
 */
export function chargesOf(chargedUntil: number, until: number): HourCharge[] {
  const charges: HourCharge[] = [];
  for (let from = chargedUntil; from < until;) {
    const hour = hourOf(from);
    const to = Math.min(until, hour + HOUR_MS);
    charges.push({ hour, runningMs: to - from });
    from = to;
  }
  return charges;
}

export function hourOf(time: number): number {
  return time - (((time % HOUR_MS) + HOUR_MS) % HOUR_MS);
}

/** Midnight (UTC), when the day of `time` began. */
function dayOf(time: number): number {
  return time - (((time % DAY_MS) + DAY_MS) % DAY_MS);
}

/** Beginning of the month (UTC) of `time`: budgets count from there. */
export function monthOf(time: number): number {
  const date = new Date(time);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
}

/** Beginning of the month after that of `time`. */
export function nextMonthOf(time: number): number {
  const date = new Date(time);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
}

/** The first hour that spendAt needs: the month's, or yesterday's on the first day of a month. */
export function ledgerFrom(now: number): number {
  return Math.min(monthOf(now), hourOf(now) - DAY_MS);
}

/** Dollars of the hour, day and month (UTC) of `now`, and of the last full 24 hours. */
export function spendAt(hours: Iterable<LedgerHour>, now: number): Spend {
  const spend = { hourUsd: 0, dayUsd: 0, monthUsd: 0, lastDayUsd: 0 };
  const thisHour = hourOf(now);
  const today = dayOf(now);
  const thisMonth = monthOf(now);
  for (const { hour, runningMs, usdPerS } of hours) {
    if (hour > thisHour) continue;
    const usd = (runningMs / 1000) * usdPerS;
    if (hour === thisHour) spend.hourUsd += usd;
    else if (hour >= thisHour - DAY_MS) spend.lastDayUsd += usd;
    if (hour >= today) spend.dayUsd += usd;
    if (hour >= thisMonth) spend.monthUsd += usd;
  }
  return spend;
}
