import type { Metrics } from "./Metrics.ts";
import type { PoolFacts } from "../metrics/pool-sample.ts";

/** Changes of this long are told in one sample. */
const REPORT_WINDOW_MS = 1000;
/** A report that found no answer, or that a crash cut off, is made again by the alarm. */
const REPORT_AGAIN_MS = 60_000;
const STATE_KEY = "metrics_report";

interface State {
  readonly sequence: number;
  /** Facts that arrived last, without what changes by the clock alone. */
  readonly told: string;
  /** When the alarm makes sure that what changed was told; absent: nothing is owed. */
  readonly dueAt?: number;
}

/**
 * Tells the Metrics object how a shard of the pool stands, so that a scrape has no need to wake the shard. Call `changed`
 * whenever rows may have changed; what is owed survives an eviction, as long as the shard's alarm heeds `dueAt`.
 */
export class MetricsReporter {
  readonly #ctx: DurableObjectState;
  readonly #namespace: DurableObjectNamespace<Metrics>;
  readonly #shard: number;
  readonly #shards: number;
  readonly #facts: () => PoolFacts;
  #sending: Promise<void> | undefined;

  /**
   * @param shard of the pool
   * @param shards METRICS_SHARDS; 0: nothing is reported
   * @param facts read anew for each report
   */
  constructor(
    ctx: DurableObjectState,
    namespace: DurableObjectNamespace<Metrics>,
    { shard, shards, facts }: { shard: number; shards: number; facts: () => PoolFacts },
  ) {
    this.#ctx = ctx;
    this.#namespace = namespace;
    this.#shard = shard;
    this.#shards = shards;
    this.#facts = facts;
  }

  dueAt(): number | undefined {
    return this.#state().dueAt;
  }

  /** Free when nothing changed. */
  changed(): void {
    if (this.#shards === 0 || this.#sending) return;
    const state = this.#state();
    if (lasting(this.#facts()) === state.told) return;
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
    const facts = this.#facts();
    const at = Date.now();
    const state = this.#state();
    const sequence = state.sequence + 1;
    this.#write({ ...state, sequence, dueAt: at + REPORT_AGAIN_MS });
    try {
      const object = this.#namespace.getByName(String(this.#shard % this.#shards));
      await object.report({ ...facts, shard: this.#shard, sequence, at });
    } catch (error) {
      console.warn(JSON.stringify({ event: "metrics_report_failed", shard: this.#shard, error: String(error) }));
      return;
    }
    // A report that was begun meanwhile settles what is owed.
    if (this.#state().sequence === sequence && !this.#sending) this.#write({ sequence, told: lasting(facts) });
  }

  #state(): State {
    return this.#ctx.storage.kv.get<State>(STATE_KEY) ?? { sequence: 0, told: "" };
  }

  #write(state: State): void {
    this.#ctx.storage.kv.put(STATE_KEY, state);
  }
}

/** What a scrape works out from the clock is no news. */
function lasting(facts: PoolFacts): string {
  const { ranSeconds: _ran, spentUsd: _spent, ...rest } = facts;
  return JSON.stringify(rest);
}
