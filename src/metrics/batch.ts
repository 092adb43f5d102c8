import type { EndedOperation } from "./history.ts";

/** A sampled trace that a count came from (OpenMetrics 1.0, exemplars). */
export interface Exemplar {
  /** 32 hex digits, W3C Trace Context. */
  readonly traceId: string;
  /** What was observed, in the unit of the family. */
  readonly value: number;
  /** Unix milliseconds. */
  readonly at: number;
}

/** What one isolate counted since its last flush. The object adds a batch once, however often it comes. */
export interface Batch {
  readonly id: string;
  /** What to add to each series (names of series.ts). */
  readonly deltas: ReadonlyMap<string, number>;
  /** The newest of each bucket. */
  readonly exemplars: ReadonlyMap<string, Exemplar>;
  /** The newest operations that ended, in any order; not all of them. */
  readonly ended: readonly EndedOperation[];
}
