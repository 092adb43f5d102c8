import type { PoolCounts, PoolFacts } from "../metrics/pool-sample.ts";
import type { Metrics } from "./Metrics.ts";

/** Changes of this long are told in one sample. */
const REPORT_WINDOW_MS = 1000;
/** A report that found no answer, or that a crash cut off, is made again by the alarm. */
const REPORT_AGAIN_MS = 60_000;

const STATE_KEY = "metrics_report";

interface State {
  readonly counts: PoolCounts;
  /** Of the last sample; grows with each, so that one that arrives late is known by it. */
  readonly sequence: number;
  /** What arrived last, without what moves by the clock alone. */
  readonly told: string;
  /** When the alarm makes sure that what changed was told; absent: nothing is owed. */
  readonly dueAt?: number;
}

const NOTHING: State = {
  counts: {
    moves: { start: 0, resume: 0, pause: 0, kill: 0 },
    moveFailures: { start: 0, resume: 0, pause: 0, kill: 0 },
    corrections: { adopt: 0, kill: 0, note_paused: 0, pause: 0, verify: 0 },
  },
  sequence: 0,
  told: "",
};

export interface MetricsReporterOptions {
  /** Of the pool. */
  readonly shard: number;
  /** METRICS_SHARDS; 0: nothing is reported. */
  readonly metricsShards: number;
  /** Read anew for each report. */
  readonly facts: () => PoolFacts;
  /** A report arrived, so the alarm may be set for something else. */
  readonly settled: () => Promise<void>;
}

/**
 * Tells the Metrics object how a shard of the pool stands, so that a scrape has no need to wake the shard. Call `changed`
 * whenever rows may have changed. What is owed survives an eviction, as long as the shard's alarm heeds `dueAt`.
 */
export class MetricsReporter {
  readonly #ctx: DurableObjectState;
  readonly #namespace: DurableObjectNamespace<Metrics>;
  readonly #options: MetricsReporterOptions;
  #sending: Promise<void> | undefined;

  constructor(ctx: DurableObjectState, namespace: DurableObjectNamespace<Metrics>, options: MetricsReporterOptions) {
    this.#ctx = ctx;
    this.#namespace = namespace;
    this.#options = options;
  }

  /** Counts one of `what`, such as `count("moves", "start")`, and tells it with the next report. */
  count<Kind extends keyof PoolCounts>(kind: Kind, what: keyof PoolCounts[Kind]): void {
    const state = this.#state();
    const counted: PoolCounts[Kind] = { ...state.counts[kind], [what]: Number(state.counts[kind][what]) + 1 };
    this.#write({ ...state, counts: { ...state.counts, [kind]: counted } });
    this.changed();
  }

  dueAt(): number | undefined {
    return this.#state().dueAt;
  }

  /** Free when there is nothing new. */
  changed(): void {
    if (this.#options.metricsShards === 0 || this.#sending) return;
    const state = this.#state();
    if (news(this.#options.facts(), state) === state.told) return;
    this.#write({ ...state, dueAt: Date.now() + REPORT_AGAIN_MS });
    this.#ctx.waitUntil((this.#sending = this.#sendLater()));
  }

  /** For the alarm: makes a report that is owed, and waits for it. */
  async runIfDue(now: number): Promise<void> {
    const { dueAt } = this.#state();
    if (dueAt === undefined || dueAt > now) return;
    await (this.#sending ?? this.#send());
  }

  async #sendLater(): Promise<void> {
    await scheduler.wait(REPORT_WINDOW_MS);
    this.#sending = undefined;
    await this.#send();
  }

  async #send(): Promise<void> {
    const { shard, metricsShards, facts, settled } = this.#options;
    const [standing, before, at] = [facts(), this.#state(), Date.now()];
    const sequence = before.sequence + 1;
    this.#write({ ...before, sequence, dueAt: at + REPORT_AGAIN_MS });
    try {
      const object = this.#namespace.getByName(String(shard % metricsShards));
      await object.report({ ...standing, ...before.counts, shard, sequence, at });
    } catch (error) {
      console.warn(JSON.stringify({ event: "metrics_report_failed", shard, error: String(error) }));
      return;
    }
    const { counts, sequence: newest } = this.#state();
    // A report that was begun meanwhile settles what is owed.
    if (newest !== sequence || this.#sending) return;
    this.#write({ counts, sequence, told: news(standing, before) });
    await settled();
  }

  #state(): State {
    return this.#ctx.storage.kv.get<State>(STATE_KEY) ?? NOTHING;
  }

  #write(state: State): void {
    this.#ctx.storage.kv.put(STATE_KEY, state);
  }
}

/** What a scrape works out from the clock is no news. */
function news(facts: PoolFacts, { counts }: State): string {
  const { ranSeconds: _ran, spentUsd: _spent, ...lasting } = facts;
  return JSON.stringify([lasting, counts]);
}
