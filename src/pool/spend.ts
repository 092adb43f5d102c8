export const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Running time within one hour (UTC) of the ledger. Days and months are sums of hours. */
export interface HourCharge {
  /** Start of the hour, in Unix milliseconds. */
  readonly hour: number;
  readonly runningMs: number;
}

export interface LedgerHour extends HourCharge {
  /** Price at that time: another template size makes another entry of the same hour. */
  readonly usdPerS: number;
}

export interface Spend {
  readonly hourUsd: number;
  readonly dayUsd: number;
  readonly monthUsd: number;
  /** The 24 hours before the current hour. */
  readonly lastDayUsd: number;
}

/**
 * Splits the uncharged running time of a sandbox by hour. The caller adds it to the ledger and sets the row's
 * `chargedUntil` to `until` in one transaction, so each millisecond is charged once.
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

/** Returns the start of the hour of `time`. */
export function hourOf(time: number): number {
  return time - (((time % HOUR_MS) + HOUR_MS) % HOUR_MS);
}

/** Returns the start of the day (UTC) of `time`. */
function dayOf(time: number): number {
  return time - (((time % DAY_MS) + DAY_MS) % DAY_MS);
}

/** Returns the start of the month (UTC) of `time`, from which budgets count. */
export function monthOf(time: number): number {
  const date = new Date(time);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
}

/** Returns the start of the month after that of `time`. */
export function nextMonthOf(time: number): number {
  const date = new Date(time);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
}

/** Returns the first hour that spendAt needs: the month's, or yesterday's on the first day of a month. */
export function ledgerFrom(now: number): number {
  return Math.min(monthOf(now), hourOf(now) - DAY_MS);
}

/** Returns the cost in USD of the hour, day and month (UTC) of `now`, and of the last full 24 hours. */
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
