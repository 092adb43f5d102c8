import { PAUSE_S } from "../../src/pool/learned.ts";
import type { MakeKeeper } from "./keepers.ts";
import type { WarmPool } from "./pools.ts";
import type { Trace } from "./trace.ts";
import { CREATE_S, RESUME_S, startsOf, WORTH } from "./world.ts";

/** Longest wait of a quick session start. */
const QUICK_S = 1.5;

/** A whole system under which a trace is played. */
export interface Play {
  readonly keeper: MakeKeeper;
  /** The end of an idle workspace. */
  readonly idle: "pause" | "kill";
  /** Pool of blank sandboxes for claims; without a pool they start cold. */
  readonly pool?: WarmPool;
  readonly snapshots?: boolean;
  /** Share of the sessions that say that they end. */
  readonly endsTold?: number;
  /** Seconds from the opening of a session to its first operation; its workspace starts at the opening. */
  readonly opensAheadS?: number;
}

export interface Outcome {
  readonly runningS: number;
  readonly waitS: number;
  readonly sessions: number;
  readonly quickStarts: number;
  /** J: rent × seconds running + worth × seconds waited. */
  readonly costUsd: number;
  /** Times of the claims that needed a blank sandbox, in milliseconds. */
  readonly claims: readonly number[];
  /** Number of claims that found no sandbox. */
  readonly coldClaims: number;
}

/** Plays a trace under a system. */
export function play(
  trace: Trace,
  { keeper: make, idle, pool, snapshots, endsTold = 0, opensAheadS = 0 }: Play,
): Outcome {
  const keeper = make(trace);
  const starts = startsOf(trace, snapshots === true);
  const lastUse = new Float64Array(trace.repositoryOf.length).fill(-1);
  const hadEnded = new Uint8Array(trace.repositoryOf.length);
  const claims: number[] = [];
  let runningS = 0;
  let waitS = 0;
  let sessions = 0;
  let quickStarts = 0;
  let coldClaims = 0;

  /** Starts a workspace anew, in a sandbox of its own; returns the wait. */
  const start = (workspace: number, at: number): number => {
    const { workS, fromSnapshot } = starts(workspace);
    runningS += CREATE_S + workS;
    if (fromSnapshot) return CREATE_S + workS;
    claims.push(at);
    if (pool?.claim(at)) return workS;
    coldClaims++;
    return CREATE_S + workS;
  };
  /** Charges the time since the last use of a workspace that is used again; returns the wait. */
  const comeBack = (workspace: number, last: number, at: number): number => {
    const until = keeper.until[workspace] ?? 0;
    if (until > at) {
      runningS += (at - last) / 1000;
      return 0;
    }
    runningS += (until - last) / 1000;
    if (idle === "kill") return start(workspace, at);
    runningS += PAUSE_S + RESUME_S;
    return RESUME_S;
  };

  for (let index = 0; index < trace.at.length; index++) {
    const at = trace.at[index] ?? 0;
    const workspace = trace.workspace[index] ?? 0;
    const last = lastUse[workspace] ?? -1;
    let wait = last < 0 ? start(workspace, at) : comeBack(workspace, last, at);
    if (last >= 0 && hadEnded[workspace] === 0) keeper.returned(at - last, wait === 0 ? undefined : wait);
    if (trace.opens[index] === 1) {
      wait = Math.max(0, wait - opensAheadS);
      runningS += opensAheadS;
      sessions++;
      if (wait <= QUICK_S) quickStarts++;
    }
    waitS += wait;
    lastUse[workspace] = at;
    const ended = trace.ends[index] === 1 && isTold(index, endsTold);
    hadEnded[workspace] = ended ? 1 : 0;
    keeper.used(workspace, at, ended);
  }
  for (const [workspace, last] of lastUse.entries()) {
    const until = keeper.until[workspace] ?? 0;
    if (last < 0) continue;
    runningS += (Math.min(until, trace.lengthMs) - last) / 1000;
    if (until <= trace.lengthMs && idle === "pause") runningS += PAUSE_S;
  }
  pool?.runTo(trace.lengthMs);
  runningS += (pool?.idleMs ?? 0) / 1000;
  const costUsd = WORTH.rentUsdPerS * runningS + WORTH.waitUsdPerS * waitS;
  return { runningS, waitS, sessions, quickStarts, costUsd, claims, coldClaims };
}

/** Whether the end of a session is told: the same for every system. Multiplies by 2^32 over the golden ratio. */
function isTold(use: number, share: number): boolean {
  return (Math.imul(use, 0x9e3779b1) >>> 0) / 2 ** 32 < share;
}
