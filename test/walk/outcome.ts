import type { Walk } from "./steps.ts";
import type { Tally } from "./tally.ts";

export interface Failure {
  readonly rule: string;
  readonly operation: string;
  readonly detail: string;
  readonly seed: number;
  /** Number of walks that ended with this failure. */
  count: number;
  walk: Walk;
  trace: readonly string[];
}

export interface Run {
  readonly tally: Tally;
  readonly failures: readonly Failure[];
  /** Entries of KNOWN that did not occur, in a long run. */
  readonly stale: readonly string[];
  readonly seconds: number;
}
