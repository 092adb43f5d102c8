import type { Overview, Point } from "./types.ts";

type Rate = (point: Point) => number | null;

/** A count of points as a rate. Of the piece that is not over there is none yet: it would seem to fall. */
export function perMinute({ points }: Pick<Overview, "points">, count: (point: Point) => number): Rate {
  const last = points.at(-1);
  return (point) => (point === last || point.seconds === 0 ? null : (count(point) * 60) / point.seconds);
}
