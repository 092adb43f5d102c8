import { keepingBoundUsd, poolBoundUsd } from "./bound.ts";
import { play } from "./play.ts";
import { policiesFor, type Policy } from "./policies.ts";
import { WarmPool } from "./pools.ts";
import type { Trace } from "./trace.ts";
import { CREATE_S, WORTH } from "./world.ts";

const MONTH_MS = 30 * 24 * 3_600_000;

/** One line of the comparison; the mean over the traces. */
export interface Line {
  readonly policy: string;
  /** Dollars for 30 days of running sandboxes. */
  readonly usd_month: number;
  /** Share of sessions whose first operation waited at most 1.5 s. */
  readonly starts_within_1_5s: number;
  /** Seconds that an agent waits in a session, from its first to its last operation. */
  readonly mean_wait_s: number;
  /** J over that of a clairvoyant. */
  readonly j_over_bound: number;
}

/** Plays every policy on every trace. */
export function compare(traces: readonly Trace[]): Line[] {
  const knowsEnds = traces.every((trace) => trace.knowsEnds);
  return policiesFor(knowsEnds).map((policy) => {
    const lines = traces.map((trace) => playOne(trace, policy));
    const mean = (of: (line: Omit<Line, "policy">) => number): number =>
      lines.reduce((sum, line) => sum + of(line), 0) / lines.length;
    return {
      policy: policy.name,
      usd_month: mean((line) => line.usd_month),
      starts_within_1_5s: mean((line) => line.starts_within_1_5s),
      mean_wait_s: mean((line) => line.mean_wait_s),
      j_over_bound: mean((line) => line.j_over_bound),
    };
  });
}

function playOne(trace: Trace, { pool, ...policy }: Policy): Omit<Line, "policy"> {
  const outcome = play(trace, { ...policy, ...(pool ? { pool: new WarmPool(pool()) } : {}) });
  const keeping = keepingBoundUsd(trace, policy.idle, policy.snapshots === true);
  // With a pool the clairvoyant has one too: it holds a sandbox where that is cheaper than waiting for its creation.
  const creations = outcome.claims.length * WORTH.waitUsdPerS * CREATE_S;
  const bound = pool ? keeping - creations + poolBoundUsd(outcome.claims) : keeping;
  return {
    usd_month: (WORTH.rentUsdPerS * outcome.runningS * MONTH_MS) / trace.lengthMs,
    starts_within_1_5s: outcome.quickStarts / outcome.sessions,
    mean_wait_s: outcome.waitS / outcome.sessions,
    j_over_bound: outcome.costUsd / bound,
  };
}
