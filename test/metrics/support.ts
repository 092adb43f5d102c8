import type { Batch } from "../../src/metrics/batch.ts";
import type { PoolCounts, ShardState } from "../../src/metrics/pool-sample.ts";
import type { Recording } from "../../src/metrics/recorder.ts";

/** Number of all series, independent of the traffic. A change of it is also a change of docs/metrics.md. */
export const TOTAL_SERIES = 221;

/** A shard of the pool without any activity. */
export const EMPTY_SHARD: ShardState = {
  sandboxes: { warming: 0, warm: 0, bound: 0, paused: 0, gone: 0 },
  workspaces: { top: 0, active: 0, idle: 0, cold: 0 },
  unpushed: 0,
  announced: 0,
  poolTarget: 0,
  running: 0,
  runningUntil: 0,
  ranSeconds: 0,
  usdPerSecond: 0,
  spentUsd: { hour: 0, day: 0, month: 0 },
  budgetUsd: 0,
  templateVersion: 0,
  templateBuiltAt: 0,
  snapshots: 0,
  oldestSnapshotAt: 0,
};

export const NO_COUNTS: PoolCounts = {
  moves: { start: 0, resume: 0, pause: 0, kill: 0, snapshot: 0 },
  moveFailures: { start: 0, resume: 0, pause: 0, kill: 0, snapshot: 0 },
  corrections: { adopt: 0, kill: 0, note_paused: 0, discard: 0, pause: 0, verify: 0 },
  losses: { vanished: 0, rolled_back: 0 },
  saves: { saved: 0, failed: 0 },
  templateBuilds: { promoted: 0, failed: 0 },
};

/** A Metrics object as the recorder sees it: adds each batch once, and responds as `answer` tells it. */
export class FakeMetrics {
  readonly counts = new Map<string, number>();
  readonly tries: { readonly shard: string; readonly id: string }[] = [];
  readonly batches: Batch[] = [];
  answer: (take: () => void) => Promise<void> = async (take) => take();
  shards = 1;
  /** The promises that recording passed to waitUntil. */
  readonly waiting: Promise<unknown>[] = [];

  /** Returns a request's view of the object. */
  recording(): Recording {
    return {
      env: { METRICS: { getByName: (shard) => ({ add: (batch) => this.#add(shard, batch) }) } },
      config: { metricsShards: this.shards },
      waitUntil: (work) => void this.waiting.push(work),
    };
  }

  #add(shard: string, batch: Batch): Promise<void> {
    this.tries.push({ shard, id: batch.id });
    return this.answer(() => this.#take(batch));
  }

  #take(batch: Batch): void {
    if (this.batches.some(({ id }) => id === batch.id)) return;
    this.batches.push(batch);
    for (const [series, delta] of batch.deltas) this.counts.set(series, (this.counts.get(series) ?? 0) + delta);
  }
}
