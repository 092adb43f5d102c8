import type { Overview, Point } from "./types.ts";

/** Failures that somebody should look at: more than one in twenty, as the alert WarmtreeErrorRate has it. */
const ALARMING_SHARE = 0.05;

type Rate = (point: Point) => number | null;

/** A count of points as a rate. Of the piece that is not over there is none yet: it would seem to fall. */
export function perMinute({ points }: Pick<Overview, "points">, count: (point: Point) => number): Rate {
  const last = points.at(-1);
  return (point) => (point === last || point.seconds === 0 ? null : (count(point) * 60) / point.seconds);
}

/** @param conflicts of those that failed: they are answers, not faults */
export function isAlarming(failed: number, succeeded: number, conflicts = 0): boolean {
  return failed - conflicts > ALARMING_SHARE * (failed + succeeded);
}
