import type { Batch, Exemplar } from "../../metrics/batch.ts";
import { type PoolSample, poolSampleSchema } from "../../metrics/pool-sample.ts";
import { ranSecondsAt, type StoredSample } from "../../metrics/pool-values.ts";

/**
 * The tables of a Metrics object. Times are Unix milliseconds.
 *
 * count      counters, by series (src/metrics/series.ts)
 * exemplar   the newest exemplar of each bucket
 * batch      ids of added batches, until they can no longer be resent
 * sample     the newest sample of each pool shard, as JSON; told_seconds: maxReportedSeconds of StoredSample
 */
const TABLES = `
  CREATE TABLE IF NOT EXISTS count (series TEXT PRIMARY KEY, value REAL NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS exemplar (
    series TEXT PRIMARY KEY, trace_id TEXT NOT NULL, value REAL NOT NULL, at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS batch (id TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS sample (
    shard INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, body TEXT NOT NULL, told_seconds REAL NOT NULL
  ) STRICT;`;

/** SQL of a Metrics object. Synchronous: each method is one transaction. */
export class MetricsTable {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
    this.#sql.exec(TABLES);
  }

  /** Adds a batch. @returns false if it was added before */
  add({ id, deltas, exemplars }: Omit<Batch, "ended">, now: number): boolean {
    return this.#storage.transactionSync(() => {
      const { rowsWritten } = this.#sql.exec("INSERT OR IGNORE INTO batch VALUES (?, ?)", id, now);
      if (rowsWritten === 0) return false;
      for (const [series, delta] of deltas) this.#increase(series, delta);
      for (const [series, exemplar] of exemplars) this.#replace(series, exemplar);
      return true;
    });
  }

  #increase(series: string, delta: number): void {
    const add = "INSERT INTO count VALUES (?, ?) ON CONFLICT (series) DO UPDATE SET value = value + excluded.value";
    this.#sql.exec(add, series, delta);
  }

  #replace(series: string, { traceId, value, at }: Exemplar): void {
    this.#sql.exec("INSERT OR REPLACE INTO exemplar VALUES (?, ?, ?, ?)", series, traceId, value, at);
  }

  /** Deletes the ids of batches added before `time`. @returns whether any are left */
  forgetBatches(time: number): boolean {
    this.#sql.exec("DELETE FROM batch WHERE at < ?", time);
    return this.#sql.exec("SELECT 1 FROM batch LIMIT 1").toArray().length > 0;
  }

  /** Stores a shard's sample. @returns false if the stored one is newer */
  keep(sample: PoolSample, now: number): boolean {
    return this.#storage.transactionSync(() => {
      const [known] = this.#samples("WHERE shard = ?", sample.shard);
      if (known && known.sample.sequence >= sample.sequence) return false;
      const maxReportedSeconds = known ? ranSecondsAt(known, now) : 0;
      const body = JSON.stringify(sample);
      this.#sql.exec(
        "INSERT OR REPLACE INTO sample VALUES (?, ?, ?, ?)",
        sample.shard,
        sample.sequence,
        body,
        maxReportedSeconds,
      );
      return true;
    });
  }

  samples(): StoredSample[] {
    return this.#samples("");
  }

  #samples(where: "" | "WHERE shard = ?", ...bindings: number[]): StoredSample[] {
    return this.#sql
      .exec<{ body: string; told_seconds: number }>(`SELECT body, told_seconds FROM sample ${where}`, ...bindings)
      .toArray()
      .map(({ body, told_seconds: maxReportedSeconds }) => ({
        sample: poolSampleSchema.parse(JSON.parse(body)),
        maxReportedSeconds,
      }));
  }

  counts(): Map<string, number> {
    const rows = this.#sql.exec<{ series: string; value: number }>("SELECT series, value FROM count").toArray();
    return new Map(rows.map(({ series, value }) => [series, value]));
  }

  exemplars(): Map<string, Exemplar> {
    return new Map(
      this.#sql
        .exec<{ series: string; trace_id: string; value: number; at: number }>("SELECT * FROM exemplar")
        .toArray()
        .map(({ series, trace_id: traceId, value, at }) => [series, { traceId, value, at }]),
    );
  }
}
