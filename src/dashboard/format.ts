/** Shown if there is no value. */
export const NOTHING = "–";

const LANGUAGE = "en";
const whole = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 1 });
const share = new Intl.NumberFormat(LANGUAGE, { style: "percent", maximumFractionDigits: 1 });
const dollars = new Intl.NumberFormat(LANGUAGE, { style: "currency", currency: "USD" });
/** For amounts below a cent. */
const fineDollars = new Intl.NumberFormat(LANGUAGE, {
  style: "currency",
  currency: "USD",
  maximumSignificantDigits: 2,
});
const wholeDollars = new Intl.NumberFormat(LANGUAGE, {
  style: "currency",
  currency: "USD",
  maximumFractionDigits: 0,
});
const clockTime = new Intl.DateTimeFormat(LANGUAGE, {
  hourCycle: "h23",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const hourMinute = new Intl.DateTimeFormat(LANGUAGE, { hourCycle: "h23", hour: "2-digit", minute: "2-digit" });

export const count = (value: number) => whole.format(value);
/** Tenths only for small numbers. */
export const rate = (value: number) => (value < 10 ? tenths : whole).format(value);
export const percent = (value: number) => share.format(value);
export function usd(value: number): string {
  if (value >= 100) return wholeDollars.format(value);
  return (value > 0 && value < 0.01 ? fineDollars : dollars).format(value);
}

export function seconds(value: number): string {
  if (value < 1) return `${value < 0.01 ? tenths.format(value * 1000) : whole.format(value * 1000)} ms`;
  if (value < 60) return `${tenths.format(value)} s`;
  return span(value * 1000);
}

/** A duration in the largest unit that fits. */
export function span(ms: number): string {
  const units: [name: string, ms: number][] = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
  ];
  const [name, unit] = units.find(([, length]) => ms >= length) ?? ["s", 1000];
  return `${Math.floor(Math.max(ms, 0) / unit)} ${name}`;
}

export function ago(time: string, now: number): string {
  const ms = now - Date.parse(time);
  return ms < 1000 ? "now" : `${span(ms)} ago`;
}

export function until(time: string, now: number): string {
  const ms = Date.parse(time) - now;
  return ms < 1000 ? "now" : `in ${span(ms)}`;
}

const dayMonth = new Intl.DateTimeFormat(LANGUAGE, { day: "numeric", month: "short" });

export const day = (time: string | number) => dayMonth.format(new Date(time));
export const clock = (time: string | number) => clockTime.format(new Date(time));
export const minute = (time: string | number) => hourMinute.format(new Date(time));
export const range = (minutes: number) => (minutes < 60 ? `${minutes} min` : `${minutes / 60} h`);

/** "1 file", "2 files". */
export const plural = (value: number, one: string, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;
