import { keepingBoundUsd, poolBoundUsd } from "./bound.ts";
import { play, type Play } from "./play.ts";
import { policiesFor, type Policy } from "./policies.ts";
import { WarmPool } from "./pools.ts";
import type { Trace } from "./trace.ts";
import { CREATE_S, WORTH } from "./world.ts";

const MONTH_MS = 30 * 24 * 3_600_000;

/** One line of the comparison: means over the traces. */
export interface Line {
  readonly policy: string;
  /** Cost of running sandboxes for 30 days, in dollars. */
  readonly usd_month: number;
  /** Share of sessions whose first operation waited at most 1.5 s. */
  readonly starts_within_1_5s: number;
  /** Seconds that an agent waits in a session, over all its operations. */
  readonly mean_wait_s: number;
  /** J, divided by the J of a clairvoyant policy. */
  readonly j_over_bound: number;
  /** The same ratio for the pool alone: its rent and the waits for new sandboxes. */
  readonly pool_j_over_bound?: number;
}

/** Plays every policy on every trace. */
export function compare(traces: readonly Trace[]): Line[] {
  const knowsEnds = traces.every((trace) => trace.knowsEnds);
  return policiesFor(knowsEnds).map((policy) => meanOf(traces.map((trace) => playOne(trace, policy))));
}

function playOne(trace: Trace, { name, pool: rule, ...policy }: Policy): Line {
  const pool = rule ? new WarmPool(rule(), 0) : undefined;
  const system: Play = { ...policy, ...(pool ? { pool } : {}) };
  const outcome = play(trace, system);
  const poolBound = pool ? poolBoundUsd(outcome.claims) : 0;
  // A policy that opens ahead hides creations behind the opening: its clairvoyant needs no pool.
  const bound = keepingBoundUsd(trace, system) + (policy.opensAheadS === undefined ? poolBound : 0);
  const line = {
    policy: name,
    usd_month: (WORTH.rentUsdPerS * outcome.runningS * MONTH_MS) / trace.lengthMs,
    starts_within_1_5s: outcome.quickStarts / outcome.sessions,
    mean_wait_s: outcome.waitS / outcome.sessions,
    j_over_bound: outcome.costUsd / bound,
  };
  if (pool === undefined) return line;
  const poolUsd = (WORTH.rentUsdPerS * pool.idleMs) / 1000 + WORTH.waitUsdPerS * CREATE_S * outcome.coldClaims;
  return { ...line, pool_j_over_bound: poolUsd / poolBound };
}

function meanOf(lines: readonly Line[]): Line {
  const [first] = lines;
  if (!first) throw new Error("there is no trace to play");
  const mean = (of: (line: Line) => number): number => lines.reduce((sum, line) => sum + of(line), 0) / lines.length;
  return {
    policy: first.policy,
    usd_month: mean((line) => line.usd_month),
    starts_within_1_5s: mean((line) => line.starts_within_1_5s),
    mean_wait_s: mean((line) => line.mean_wait_s),
    j_over_bound: mean((line) => line.j_over_bound),
    ...(first.pool_j_over_bound === undefined
      ? {}
      : { pool_j_over_bound: mean((line) => line.pool_j_over_bound ?? 0) }),
  };
}
