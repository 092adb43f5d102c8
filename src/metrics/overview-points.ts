import { STATES } from "../pool/reconcile.ts";
import { each, sum } from "./each.ts";
import { type History, slotOf, type Standing } from "./history.ts";
import type { Overview } from "./overview-schema.ts";
import type { RANGES } from "./ranges.ts";
import type { Look } from "./scrape.ts";
import { Tally } from "./tally.ts";

/** Points of a range; a phone's chart shows no more. */
const POINTS = 60;
const MINUTE_MS = 60_000;

export interface Range {
  readonly minutes: (typeof RANGES)[number];
  readonly pieceMs: number;
  /** Start of the first piece, in Unix milliseconds. */
  readonly from: number;
}

/**
 * Divides a range into pieces. They start at round times, so they do not move as time passes. The last one is
 * incomplete.
 */
export function rangeOf(minutes: Range["minutes"], now: number): Range {
  const pieceMs = (minutes * MINUTE_MS) / POINTS;
  return { minutes, pieceMs, from: slotOf(now, pieceMs) - (POINTS - 1) * pieceMs };
}

/** Computes the points of a range from the readings of all Metrics objects. */
export function pointsOf(looks: readonly Look[], { from, pieceMs }: Range, now: number): Overview["points"] {
  const slots = looks.flatMap(({ history }) => history.slots);
  const byPiece = Map.groupBy(slots, ({ at }) => slotOf(at, pieceMs));
  return Array.from({ length: POINTS }, (_, piece) => from + piece * pieceMs).map((at) => {
    const tally = new Tally(byPiece.get(at) ?? []);
    const end = Math.min(at + pieceMs, now);
    const standing = together(looks.map(({ history }) => standingAt(history, end)));
    return {
      at: new Date(at).toISOString(),
      seconds: (end - at) / 1000,
      succeeded: tally.ended("success"),
      failed: tally.ended("failure"),
      failed_by: tally.failedBy(),
      latency: tally.latency(),
      claims: tally.claims(),
      sandboxes: standing?.sandboxes ?? null,
      pool_target: standing?.poolTarget ?? null,
      usd_per_hour: standing?.usdPerHour ?? null,
    };
  });
}

/** Returns a shard's state at a time. Shards report changes only, so the last report holds. */
function standingAt({ slots, before }: History, end: number): Standing | undefined {
  return slots.findLast(({ at, standing }) => at < end && standing)?.standing ?? before;
}

function together(standings: readonly (Standing | undefined)[]): Standing | undefined {
  const known = standings.filter((standing) => standing !== undefined);
  if (known.length === 0) return undefined;
  return {
    sandboxes: each(STATES, (state) => sum(known, ({ sandboxes }) => sandboxes[state])),
    poolTarget: sum(known, ({ poolTarget }) => poolTarget),
    usdPerHour: sum(known, ({ usdPerHour }) => usdPerHour),
  };
}
