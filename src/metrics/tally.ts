import { type Source, SOURCES } from "../pool/sources.ts";
import { DURATION_BOUNDS, ERROR_TYPES, OPERATIONS } from "./catalogue.ts";
import { each, sum } from "./each.ts";
import type { Slot } from "./history.ts";
import { quantile } from "./quantile.ts";
import { SIDES } from "./sides.ts";
import { bucketOf, type Labels, type RecordedCounter, seriesOf } from "./series.ts";

type Operation = (typeof OPERATIONS)[number];

const DURATION = "git_operation_duration_seconds";
/** Cache hits: sources whose sandbox already existed for the workspace. */
const HITS = ["live", "paused"] as const satisfies readonly Source[];

/** Sums of the counts of several slots. */
export class Tally {
  readonly #counts = new Map<string, number>();

  constructor(slots: readonly Slot[]) {
    for (const { counts } of slots) {
      for (const [series, count] of counts) this.#counts.set(series, (this.#counts.get(series) ?? 0) + count);
    }
  }

  #of<Name extends RecordedCounter>(name: Name, labels: Labels<Name>): number {
    return this.#counts.get(seriesOf(name, labels)) ?? 0;
  }

  ended(status: "success" | "failure", operations: readonly Operation[] = OPERATIONS): number {
    return sum(operations, (operation) => this.#of("git_operations_total", { operation, status }));
  }

  errors() {
    return each(ERROR_TYPES, (error_type) =>
      sum(OPERATIONS, (operation) => this.#of("git_operation_errors_total", { operation, error_type })),
    );
  }

  failedBy(operations: readonly Operation[] = OPERATIONS) {
    return each(SIDES, (side) =>
      sum(operations, (operation) => this.#of("warmtree_failures_total", { operation, side })),
    );
  }

  claims() {
    return each(SOURCES, (source) => this.#of("warmtree_claims_total", { source }));
  }

  /** Share of cache hits; null: no claims. */
  hitRate(): number | null {
    const claims = this.claims();
    const all = sum(SOURCES, (source) => claims[source]);
    return all === 0 ? null : sum(HITS, (source) => claims[source]) / all;
  }

  /** Latency of successful operations, in seconds; null: none succeeded. */
  latency(operations: readonly Operation[] = OPERATIONS) {
    const buckets = [...DURATION_BOUNDS, Infinity].map((bound) =>
      sum(operations, (operation) => this.#counts.get(bucketOf(DURATION, { operation }, bound)) ?? 0),
    );
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => quantile(share, DURATION_BOUNDS, buckets));
    return p50 === undefined || p95 === undefined || p99 === undefined ? null : { p50, p95, p99 };
  }
}
