import type { PoolCounts, PoolFacts, PoolSample } from "../../metrics/pool-sample.ts";

/** Changes of this long are told in one sample. */
const REPORT_WINDOW_MS = 1000;
/** A report that found no answer, or that a crash cut off, is made again. */
const REPORT_AGAIN_MS = 60_000;

const STATE_KEY = "metrics_report";

export type Move = keyof PoolCounts["moves"];
export type Lost = keyof PoolCounts["losses"];

interface State {
  readonly counts: PoolCounts;
  /** Of the last sample; grows with each, so that one that arrives late is known by it. */
  readonly sequence: number;
  /** What arrived last, without what moves by the clock alone. */
  readonly told: string;
  /** When the alarm makes the next report; absent: nothing is owed. */
  readonly dueAt?: number;
}

const NOTHING: State = {
  counts: {
    moves: { start: 0, resume: 0, pause: 0, kill: 0, snapshot: 0 },
    moveFailures: { start: 0, resume: 0, pause: 0, kill: 0, snapshot: 0 },
    corrections: { adopt: 0, kill: 0, note_paused: 0, discard: 0, pause: 0, verify: 0 },
    losses: { vanished: 0, rolled_back: 0 },
    templateBuilds: { promoted: 0, failed: 0 },
  },
  sequence: 0,
  told: "",
};

export interface MetricsReporterOptions {
  /** Of the pool. */
  readonly shard: number;
  /** METRICS_SHARDS; 0: nothing is reported. */
  readonly metricsShards: number;
  /** Read for each report, never before an answer. */
  readonly facts: (now: number) => PoolFacts;
  /** When the facts change next by the clock alone; undefined: they do not. */
  readonly changesAt: (now: number) => number | undefined;
  /** Gives a sample to the Metrics object of that name. */
  readonly send: (object: string, sample: PoolSample) => Promise<void>;
}

/**
 * Tells the Metrics object how a shard of the pool stands, so that a scrape has no need to wake the shard. Call `changed`
 * whenever rows may have changed; the shard's alarm, which heeds `dueAt`, makes the report. So nothing of it is on the
 * path of a claim, and what is owed survives an eviction.
 */
export class MetricsReporter {
  readonly #kv: SyncKvStorage;
  readonly #options: MetricsReporterOptions;

  constructor(storage: DurableObjectStorage, options: MetricsReporterOptions) {
    this.#kv = storage.kv;
    this.#options = options;
  }

  /** Counts one of `what`, such as `count("moves", "start")`, and tells it with the next report. */
  count<Kind extends keyof PoolCounts>(kind: Kind, what: keyof PoolCounts[Kind]): void {
    if (this.#options.metricsShards === 0) return;
    const state = this.#state();
    const counted: PoolCounts[Kind] = { ...state.counts[kind], [what]: Number(state.counts[kind][what]) + 1 };
    this.#write({ ...state, counts: { ...state.counts, [kind]: counted } });
    this.changed(Date.now());
  }

  dueAt(): number | undefined {
    return this.#state().dueAt;
  }

  /** A report is due soon. It is made only if there is news. */
  changed(now: number): void {
    if (this.#options.metricsShards === 0) return;
    const state = this.#state();
    const soon = now + REPORT_WINDOW_MS;
    if (state.dueAt === undefined || state.dueAt > soon) this.#write({ ...state, dueAt: soon });
  }

  /** Makes the report that is due, and waits for it. */
  async runIfDue(now: number): Promise<void> {
    const before = this.#state();
    if (before.dueAt === undefined || before.dueAt > now) return;
    const { shard, metricsShards, facts, send } = this.#options;
    const standing = facts(now);
    const told = news(standing, before);
    if (told === before.told) return this.#settle(before);
    const sequence = before.sequence + 1;
    const again = now + REPORT_AGAIN_MS;
    this.#write({ ...before, sequence, dueAt: again });
    try {
      await send(String(shard % metricsShards), { ...standing, ...before.counts, shard, sequence, at: now });
    } catch (error) {
      console.warn(JSON.stringify({ event: "metrics_report_failed", shard, error: String(error) }));
      return;
    }
    const after = this.#state();
    // What changed meanwhile has made the next one due earlier.
    if (after.dueAt === again) this.#settle({ ...after, told });
    else this.#write({ ...after, told });
  }

  /** Nothing is owed until something changes, be it by the clock. */
  #settle({ dueAt: _paid, ...state }: State): void {
    const dueAt = this.#options.changesAt(Date.now());
    this.#write(dueAt === undefined ? state : { ...state, dueAt });
  }

  #state(): State {
    const stored = this.#kv.get<State>(STATE_KEY) ?? NOTHING;
    // What an earlier deployment stored knows nothing of counts that came later.
    return { ...stored, counts: { ...NOTHING.counts, ...stored.counts } };
  }

  #write(state: State): void {
    this.#kv.put(STATE_KEY, state);
  }
}

/** What a scrape works out from the clock is no news. */
function news(facts: PoolFacts, { counts }: State): string {
  const { ranSeconds: _ran, spentUsd: _spent, ...lasting } = facts;
  return JSON.stringify([lasting, counts]);
}
