import type { Batch, Exemplar } from "./batch.ts";
import type { EndedOperation } from "./history.ts";
import { bucketOf, type Labels, type RecordedCounter, type RecordedHistogram, seriesOf, sumOf } from "./series.ts";

/** Counts of this long travel together. Prometheus looks once a minute; a page that looks each second sees no lag. */
const FLUSH_WINDOW_MS = 1000;
/** Pauses before each try of a flush. With the timeout they stay within the 30 s that waitUntil has. */
const TRY_AFTER_MS = [0, 1000, 4000];
const TRY_TIMEOUT_MS = 5000;
/** A window this old lost the request that was to end it. */
const WINDOW_LOST_MS = 35_000;
/** Batches that found no answer wait for the next flush. Well below how long the object remembers a batch's id. */
const BATCH_KEPT_MS = 5 * 60_000;
/** The page shows the newest operations, not all: more of one second and one isolate would push each other out. */
const MAX_ENDED = 20;
/** Bounds memory to a few hundred kilobytes when the object fails for long. */
const MAX_UNSENT = 16;

const FLUSH_FAILURES = seriesOf("warmtree_metrics_flush_failures_total", {});
const FLUSHES_LOST = seriesOf("warmtree_metrics_flushes_lost_total", {});

/** What recording needs of the request in which it happens; a Caller has it. */
export interface Recording {
  readonly env: { readonly METRICS: { getByName(name: string): { add(batch: Batch): Promise<void> } } };
  /** 0 shards: nothing is recorded. */
  readonly config: { readonly metricsShards: number };
  waitUntil(work: Promise<unknown>): void;
}

interface UnsentBatch extends Batch {
  /** A batch stays with its shard: only that one knows whether it has it. */
  readonly shard: string;
  readonly madeAt: number;
}

/**
 * Counts in memory and sends what was counted once in a window, behind the answer of the request that opened it.
 * Recording is synchronous and never throws; a failing Metrics object costs counts at worst.
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

  /** @param traceId of a sampled trace, to find an example of this duration by */
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

  /** Keeps an operation for the list of the newest. */
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
      // Taken off the list, so that a flush which runs at the same time does not send them too.
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
      console.warn(JSON.stringify({ event: "metrics_flush_failed", shard, error: String(error) }));
      this.#add(FLUSH_FAILURES, 1);
      if (Date.now() - madeAt < BATCH_KEPT_MS && this.#unsent.length < MAX_UNSENT) this.#unsent.push(unsent);
      else this.#giveUp(batch);
      return false;
    }
  }

  /** What the batch tells of failures before it is told again: a loss must not hide another. */
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

/** This isolate's. */
export const recorder = new Recorder();
