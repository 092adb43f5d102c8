import type { EndedOperation } from "./history.ts";

/** A sampled trace that contributed to a count (OpenMetrics 1.0, exemplars). */
export interface Exemplar {
  /** 32 hex digits, W3C Trace Context. */
  readonly traceId: string;
  /** Observed value, in the unit of the family. */
  readonly value: number;
  /** Unix milliseconds. */
  readonly at: number;
}

/** Counts of one isolate since its last flush. The Metrics object adds a batch once, even if it arrives repeatedly. */
export interface Batch {
  readonly id: string;
  /** Increments by series (names of series.ts). */
  readonly deltas: ReadonlyMap<string, number>;
  /** The newest exemplar of each bucket. */
  readonly exemplars: ReadonlyMap<string, Exemplar>;
  /** The newest ended operations, in any order; may omit some. */
  readonly ended: readonly EndedOperation[];
}
