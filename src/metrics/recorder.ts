import type { Batch, Exemplar } from "./batch.ts";
import type { EndedOperation } from "./history.ts";
import { bucketOf, type Labels, type RecordedCounter, type RecordedHistogram, seriesOf, sumOf } from "./series.ts";
import { logEvent } from "../redaction/log-line.ts";

/** Flush interval. Prometheus scrapes once a minute; a dashboard that polls each second sees no lag. */
const FLUSH_WINDOW_MS = 1000;
/** Waits before the attempts of a flush. With the timeout they stay within the 30 s of waitUntil. */
const TRY_AFTER_MS = [0, 1000, 4000];
const TRY_TIMEOUT_MS = 5000;
/** Age at which a window has lost the request that was to flush it. */
const WINDOW_LOST_MS = 35_000;
/**
 * How long batches without an answer are resent with later flushes. Well below the time for which the object keeps
 * batch ids.
 */
const BATCH_KEPT_MS = 5 * 60_000;
/** Limit per flush: the dashboard shows only the newest operations. */
const MAX_ENDED = 20;
/** Limits memory to a few hundred kilobytes while the object keeps failing. */
const MAX_UNSENT = 16;

const FLUSH_FAILURES = seriesOf("warmtree_metrics_flush_failures_total", {});
const FLUSHES_LOST = seriesOf("warmtree_metrics_flushes_lost_total", {});

/** Context of the current request for recording; a Caller has it. */
export interface Recording {
  readonly env: { readonly METRICS: { getByName(name: string): { add(batch: Batch): Promise<void> } } };
  /** 0 shards disable recording. */
  readonly config: { readonly metricsShards: number };
  waitUntil(work: Promise<unknown>): void;
}

interface UnsentBatch extends Batch {
  /** A batch stays with its shard: only that shard has its id. */
  readonly shard: string;
  readonly madeAt: number;
}

/**
 * Counts in memory, and flushes once per window, after the response to the request that opened it. Recording is
 * synchronous and never throws; a failing Metrics object loses counts at worst.
 */
export class Recorder {
  #deltas = new Map<string, number>();
  #exemplars = new Map<string, Exemplar>();
  #ended: EndedOperation[] = [];
  #windowOpenedAt: number | undefined;
  readonly #unsent: UnsentBatch[] = [];

  increment<Name extends RecordedCounter>(to: Recording, name: Name, labels: Labels<Name>): void {
    if (to.config.metricsShards === 0) return;
    this.#add(seriesOf(name, labels), 1);
    this.#openWindow(to);
  }

  /** Records a duration. @param traceId id of a sampled trace, used as its exemplar */
  observe<Name extends RecordedHistogram>(
    to: Recording,
    name: Name,
    labels: Labels<Name>,
    seconds: number,
    traceId?: string,
  ): void {
    if (to.config.metricsShards === 0) return;
    const bucket = bucketOf(name, labels, seconds);
    this.#add(bucket, 1);
    this.#add(sumOf(name, labels), seconds);
    if (traceId !== undefined) this.#exemplars.set(bucket, { traceId, value: seconds, at: Date.now() });
    this.#openWindow(to);
  }

  /** Adds an operation to the list of the newest. */
  list(to: Recording, ended: EndedOperation): void {
    if (to.config.metricsShards === 0) return;
    if (this.#ended.length === MAX_ENDED) this.#ended.shift();
    this.#ended.push(ended);
    this.#openWindow(to);
  }

  #add(series: string, delta: number): void {
    this.#deltas.set(series, (this.#deltas.get(series) ?? 0) + delta);
  }

  #openWindow(to: Recording): void {
    const now = Date.now();
    if (this.#windowOpenedAt !== undefined && now - this.#windowOpenedAt < WINDOW_LOST_MS) return;
    this.#windowOpenedAt = now;
    to.waitUntil(this.#flush(to));
  }

  async #flush(to: Recording): Promise<void> {
    await pause(FLUSH_WINDOW_MS);
    // From here on counts belong to the next window, which another request opens.
    this.#windowOpenedAt = undefined;
    this.#unsent.push(this.#taken(to.config.metricsShards));
    for (const ms of TRY_AFTER_MS) {
      if (ms > 0) await pause(ms);
      // Removed from the list first, so that a concurrent flush does not send them too.
      const sent = await Promise.all(this.#unsent.splice(0).map((batch) => this.#send(to, batch)));
      if (sent.every(Boolean)) return;
    }
  }

  #taken(shards: number): UnsentBatch {
    const batch = {
      id: crypto.randomUUID(),
      deltas: this.#deltas,
      exemplars: this.#exemplars,
      ended: this.#ended,
      shard: String(Math.floor(Math.random() * shards)),
      madeAt: Date.now(),
    };
    this.#deltas = new Map();
    this.#exemplars = new Map();
    this.#ended = [];
    return batch;
  }

  async #send(to: Recording, unsent: UnsentBatch): Promise<boolean> {
    const { shard, madeAt, ...batch } = unsent;
    try {
      await answered(to.env.METRICS.getByName(shard).add(batch));
      return true;
    } catch (error) {
      logEvent("warn", { event: "metrics_flush_failed", shard, error: String(error) });
      this.#add(FLUSH_FAILURES, 1);
      if (Date.now() - madeAt < BATCH_KEPT_MS && this.#unsent.length < MAX_UNSENT) this.#unsent.push(unsent);
      else this.#giveUp(batch);
      return false;
    }
  }

  /** Re-adds the batch's failure counts, so that one loss does not hide another. */
  #giveUp({ deltas }: Batch): void {
    this.#add(FLUSHES_LOST, 1);
    for (const series of [FLUSH_FAILURES, FLUSHES_LOST]) this.#add(series, deltas.get(series) ?? 0);
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function answered(call: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer in ${TRY_TIMEOUT_MS} ms`)), TRY_TIMEOUT_MS);
    const settle = (end: () => void) => {
      clearTimeout(timer);
      end();
    };
    call.then(
      () => settle(resolve),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}

/** The recorder of this isolate. */
export const recorder = new Recorder();
