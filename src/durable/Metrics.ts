import { retryable } from "cloudflare:durable-objects";
import { DurableObject } from "cloudflare:workers";
import { configOf } from "../config.ts";
import type { Batch } from "../metrics/batch.ts";
import { standingOf } from "../metrics/history.ts";
import { type PoolSample, poolSampleSchema } from "../metrics/pool-sample.ts";
import type { Look, Reading } from "../metrics/scrape.ts";
import { COUNTED, seriesOf } from "../metrics/series.ts";
import { MetricsHistory } from "./storage/metrics-history.ts";
import { MetricsTable } from "./storage/metrics-table.ts";

/**
 * Retention of batch ids: three times the 5 minutes after which the recorder drops a batch, so no batch is added twice.
 */
const BATCH_REMEMBERED_MS = 15 * 60_000;
const FORGET_EVERY_MS = 10 * 60_000;

const FLUSHES = seriesOf("warmtree_metrics_flushes_total", {});

/**
 * One shard of the metrics: operation counts, and the newest sample of each pool shard. All methods are idempotent, so
 * callers may retry when an answer is lost.
 */
export class Metrics extends DurableObject<Env> {
  static {
    for (const method of ["add", "report", "read", "look"] as const) retryable(this.prototype[method]);
  }

  readonly #rows: MetricsTable;
  readonly #history: MetricsHistory;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#rows = new MetricsTable(ctx.storage);
    this.#history = new MetricsHistory(ctx.storage);
  }

  /** Adds the counts of one Worker isolate, once per batch id. Drops series that are not declared in the catalogue. */
  async add(batch: Batch): Promise<void> {
    const now = Date.now();
    const deltas = new Map([...declared(batch.deltas), [FLUSHES, 1]]);
    if (!this.#rows.add({ id: batch.id, deltas, exemplars: declared(batch.exemplars) }, now)) return;
    this.#history.add(deltas, batch.ended, now);
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(now + FORGET_EVERY_MS);
  }

  /** Stores a pool shard's sample. A sample older than the stored one changes nothing. */
  async report(sample: PoolSample): Promise<void> {
    const now = Date.now();
    if (!this.#rows.keep(poolSampleSchema.parse(sample), now)) return;
    this.#history.stand(standingOf(this.#ownSamples()), now);
  }

  /**
   * Samples of the pool shards that report to this object. Before METRICS_SHARDS was raised, other shards reported here
   * too.
   */
  #ownSamples(): PoolSample[] {
    const { metricsShards } = configOf(this.env);
    const own = Number(this.ctx.id.name) % metricsShards;
    const samples = this.#rows.samples().map(({ sample }) => sample);
    return samples.filter(({ shard }) => shard % metricsShards === own);
  }

  /** Returns all counts, exemplars and samples. */
  async read(): Promise<Reading> {
    return { counts: this.#rows.counts(), exemplars: this.#rows.exemplars(), samples: this.#rows.samples() };
  }

  /**
   * Returns `read()` plus the recent history, for the dashboard.
   * @param since start of the history, in Unix milliseconds
   */
  async look(since: number): Promise<Look> {
    const { slots, before } = this.#history.read(since);
    // A sample older than the history still holds: a shard reports only changes.
    const samples = this.#ownSamples().filter(({ at }) => at < since);
    const standing = before ?? (samples.length > 0 ? standingOf(samples) : undefined);
    const history = { slots, ...(standing && { before: standing }) };
    return { ...(await this.read()), history, newest: this.#history.newest() };
  }

  /** Deletes expired batch ids, and repeats while any are left. */
  override async alarm(): Promise<void> {
    const now = Date.now();
    if (this.#rows.forgetBatches(now - BATCH_REMEMBERED_MS)) await this.ctx.storage.setAlarm(now + FORGET_EVERY_MS);
  }
}

function declared<Value>(bySeries: ReadonlyMap<string, Value>): Map<string, Value> {
  return new Map([...bySeries].filter(([series]) => COUNTED.has(series)));
}
