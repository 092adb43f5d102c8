import type { Overview, Point } from "./types.ts";

/** Share of failures that needs attention: more than one in twenty. */
const ALARMING_SHARE = 0.05;

type Outcome = Pick<Overview["operations"], "failed" | "succeeded" | "failed_by">;

type Rate = (point: Point) => number | null;

/** Converts a count to a rate per minute. The last interval is incomplete, so it has no rate: it would seem to fall. */
export function perMinute({ points }: Pick<Overview, "points">, count: (point: Point) => number): Rate {
  const last = points.at(-1);
  return (point) => (point === last || point.seconds === 0 ? null : (count(point) * 60) / point.seconds);
}

/** Whether an operator should look at the failures. Those that callers caused do not count. */
export function isAlarming({ failed, succeeded, failed_by: by }: Outcome): boolean {
  return by.git_host + by.service > ALARMING_SHARE * (failed + succeeded);
}
