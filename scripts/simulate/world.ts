import { DEFAULT_SIZE, DEFAULT_WAIT_USD_PER_S, usdPerSecond, type Worth } from "../../src/pool/price.ts";
import type { Trace } from "./trace.ts";

/** Duration of creation and resume, according to E2B. */
export const CREATE_S = 0.45;
export const RESUME_S = 1;
/** Duration of a full clone: some round trips, then a link of 160 Mbit/s. */
const CLONE_LEAST_S = 0.5;
const CLONE_MB_PER_S = 20;
/** From a repository snapshot, git fetches only new objects: round trips, a tenth of the bytes and of the unpacking. */
const FETCH_LEAST_S = 0.3;
const FETCH_OF_CLONE = 0.1;

export const WORTH: Worth = { waitUsdPerS: DEFAULT_WAIT_USD_PER_S, rentUsdPerS: usdPerSecond(DEFAULT_SIZE) };

/** The way in which a workspace gets its first working tree. */
export interface Start {
  /** Seconds from the sandbox's creation to the working tree. */
  readonly workS: number;
  /** Whether it starts from a repository snapshot and so cannot use a blank sandbox of the pool. */
  readonly fromSnapshot: boolean;
}

/** Returns the starts of a trace, in order; with snapshots, each repository has one as soon as it was cloned. */
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

/** A GIT_SANDBOX_TTL that never applies, so that only the policies have an effect. */
export const NO_TTL_MS = Number.MAX_SAFE_INTEGER;
