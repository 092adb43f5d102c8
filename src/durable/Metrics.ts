import { retryable } from "cloudflare:durable-objects";
import { DurableObject } from "cloudflare:workers";
import type { Batch } from "../metrics/batch.ts";
import { type PoolSample, poolSampleSchema } from "../metrics/pool-sample.ts";
import type { Reading } from "../metrics/scrape.ts";
import { COUNTED, seriesOf } from "../metrics/series.ts";
import { MetricsRows } from "./metrics-rows.ts";

/** The recorder gives a batch up after 5 minutes; three times that, and it can never be added twice. */
const BATCH_REMEMBERED_MS = 15 * 60_000;
const FORGET_EVERY_MS = 10 * 60_000;

const FLUSHES = seriesOf("warmtree_metrics_flushes_total", {});

/**
 * One shard of the metrics: counts of the operations, and how the pool's shards stand. Whoever reads or writes may do so
 * again when an answer is lost.
 */
export class Metrics extends DurableObject<Env> {
  static {
    for (const method of ["add", "report", "read"] as const) retryable(this.prototype[method]);
  }

  readonly #rows: MetricsRows;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#rows = new MetricsRows(ctx.storage);
  }

  /** Adds what a Worker's isolate counted, once for each batch id. Series that are not declared are dropped. */
  async add(batch: Batch): Promise<void> {
    const deltas = new Map([...batch.deltas, [FLUSHES, 1]]);
    const isNew = this.#rows.add({ ...batch, deltas }, Date.now(), (series) => COUNTED.has(series));
    if (isNew && (await this.ctx.storage.getAlarm()) === null) {
      await this.ctx.storage.setAlarm(Date.now() + FORGET_EVERY_MS);
    }
  }

  /** Takes a shard of the pool's word for how it stands; a sample that is not its newest changes nothing. */
  async report(sample: PoolSample): Promise<void> {
    this.#rows.keep(poolSampleSchema.parse(sample), Date.now());
  }

  async read(): Promise<Reading> {
    return { counts: this.#rows.counts(), exemplars: this.#rows.exemplars(), samples: this.#rows.samples() };
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    if (this.#rows.forgetBatches(now - BATCH_REMEMBERED_MS)) await this.ctx.storage.setAlarm(now + FORGET_EVERY_MS);
  }
}
