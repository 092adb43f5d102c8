import { DEFAULT_SIZE, DEFAULT_WAIT_USD_PER_S, usdPerSecond, type Worth } from "../../src/pool/price.ts";
import type { Trace } from "./trace.ts";

/** What creation and resume take, by what E2B says of itself. */
export const CREATE_S = 0.45;
export const RESUME_S = 1;
/** A full clone: some round trips, then a link of 160 Mbit/s. */
const CLONE_LEAST_S = 0.5;
const CLONE_MB_PER_S = 20;
/** From a repository snapshot only what is new is fetched: round trips, and a tenth of the bytes and of their unpacking. */
const FETCH_LEAST_S = 0.3;
const FETCH_OF_CLONE = 0.1;

export const WORTH: Worth = { waitUsdPerS: DEFAULT_WAIT_USD_PER_S, rentUsdPerS: usdPerSecond(DEFAULT_SIZE) };

/** How a workspace comes to its first working tree. */
export interface Start {
  /** After the sandbox is there. */
  readonly workS: number;
  /** It starts from a repository snapshot, so a blank sandbox of the pool is no use to it. */
  readonly fromSnapshot: boolean;
}

/** The starts of a trace in order; with snapshots, each repository has one as soon as it was cloned. */
export function startsOf(trace: Trace, snapshots: boolean): (workspace: number) => Start {
  const cloned = new Uint8Array(trace.sizesMb.length);
  return (workspace) => {
    const repository = trace.repositoryOf[workspace] ?? 0;
    const cloneS = CLONE_LEAST_S + (trace.sizesMb[repository] ?? 0) / CLONE_MB_PER_S;
    const fromSnapshot = snapshots && cloned[repository] === 1;
    cloned[repository] = 1;
    return { workS: fromSnapshot ? FETCH_LEAST_S + FETCH_OF_CLONE * cloneS : cloneS, fromSnapshot };
  };
}

/** GIT_SANDBOX_TTL as if there were none: policies are to show what they do themselves. */
export const NO_TTL_MS = Number.MAX_SAFE_INTEGER;
