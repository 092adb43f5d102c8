import type { Overview, Point } from "./types.ts";

/** Share of failures that needs attention: more than one in twenty, as in the alert WarmtreeErrorRate. */
const ALARMING_SHARE = 0.05;

type Rate = (point: Point) => number | null;

/** Converts a count of points to a rate. The last interval is not over, so it has none: its rate would seem to fall. */
export function perMinute({ points }: Pick<Overview, "points">, count: (point: Point) => number): Rate {
  const last = points.at(-1);
  return (point) => (point === last || point.seconds === 0 ? null : (count(point) * 60) / point.seconds);
}

/** @param conflicts number of failures that are conflicts: they are answers, not faults */
export function isAlarming(failed: number, succeeded: number, conflicts = 0): boolean {
  return failed - conflicts > ALARMING_SHARE * (failed + succeeded);
}
