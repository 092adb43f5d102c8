import type { Overview, Point } from "./types.ts";

/** Share of failures that needs attention: more than one in twenty. */
const ALARMING_SHARE = 0.05;

type Outcome = Pick<Overview["operations"], "failed" | "succeeded" | "failed_by">;

type Rate = (point: Point) => number | null;

/** Converts a count of points to a rate. The last interval is not over, so it has none: its rate would seem to fall. */
export function perMinute({ points }: Pick<Overview, "points">, count: (point: Point) => number): Rate {
  const last = points.at(-1);
  return (point) => (point === last || point.seconds === 0 ? null : (count(point) * 60) / point.seconds);
}

/** Whether an operator should look: callers' failures are answers to their calls. */
export function isAlarming({ failed, succeeded, failed_by: by }: Outcome): boolean {
  return by.git_host + by.service > ALARMING_SHARE * (failed + succeeded);
}
