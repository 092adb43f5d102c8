import { PAUSE_S } from "../../src/pool/learned.ts";
import { noDemand, observeClaim, savingsS } from "../../src/pool/warm-pool-size.ts";
import type { Play } from "./play.ts";
import type { Trace } from "./trace.ts";
import { CREATE_S, RESUME_S, startsOf, WORTH } from "./world.ts";

/** Number of sandboxes above which a pool never paid off. */
const DEEPEST_POOL = 50;

const { rentUsdPerS, waitUsdPerS } = WORTH;

/**
 * Returns J of a keeper that knows the future: it keeps a workspace running exactly when the rent until its next use is
 * less than the cost of a miss. First clones wait as under any keeper, but not for a sandbox if there is a pool.
 */
export function keepingBoundUsd(trace: Trace, { idle, pool, snapshots, opensAheadS = 0 }: Play): number {
  const starts = startsOf(trace, snapshots === true);
  const lastUse = new Float64Array(trace.repositoryOf.length).fill(-1);
  const pauseUsd = rentUsdPerS * PAUSE_S;
  let usd = 0;
  for (let index = 0; index < trace.at.length; index++) {
    const at = trace.at[index] ?? 0;
    const workspace = trace.workspace[index] ?? 0;
    const last = lastUse[workspace] ?? -1;
    lastUse[workspace] = at;
    const aheadS = trace.opens[index] === 1 ? opensAheadS : 0;
    const missUsd = (createWaitS: number, workS: number): number =>
      waitUsdPerS * Math.max(0, createWaitS + workS - aheadS) + rentUsdPerS * (aheadS + workS);
    const startUsd = (): number => {
      const { workS, fromSnapshot } = starts(workspace);
      return rentUsdPerS * CREATE_S + missUsd(pool !== undefined && !fromSnapshot ? 0 : CREATE_S, workS);
    };
    if (last < 0) {
      usd += startUsd();
      continue;
    }
    const keepUsd = (rentUsdPerS * (at - last)) / 1000 + rentUsdPerS * aheadS;
    usd += Math.min(keepUsd, idle === "kill" ? startUsd() : pauseUsd + missUsd(0, RESUME_S));
  }
  for (const last of lastUse) {
    if (idle === "pause" && last >= 0) usd += Math.min(pauseUsd, (rentUsdPerS * (trace.lengthMs - last)) / 1000);
  }
  return usd;
}

/**
 * Returns J of a pool that knows the future: it holds each sandbox from one served claim to the next exactly when that
 * rent is less than the cost of the wait that it saves.
 */
export function poolBoundUsd(claims: readonly number[]): number {
  const lastServed: number[] = [];
  let demand = noDemand(0);
  let usd = 0;
  for (const at of claims) {
    for (const [unit, savedS] of savingsS(demand, at, DEEPEST_POOL).entries()) {
      if (savedS === 0) continue;
      const heldS = (at - (lastServed[unit] ?? -Infinity)) / 1000;
      usd += Math.min(rentUsdPerS * heldS, waitUsdPerS * savedS);
      lastServed[unit] = at;
    }
    demand = observeClaim(demand, at, DEEPEST_POOL);
  }
  return usd;
}
