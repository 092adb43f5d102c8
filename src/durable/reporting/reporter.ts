import type { PoolCounts, PoolSample, ShardState } from "../../metrics/pool-sample.ts";
import { logEvent } from "../../redaction/log-line.ts";

/** Period whose changes are collected in one sample. */
const REPORT_WINDOW_MS = 1000;
/** Retry interval of a report without an answer, or interrupted by a crash. */
const REPORT_AGAIN_MS = 60_000;

const STATE_KEY = "metrics_report";

export type Move = keyof PoolCounts["moves"];
export type Lost = keyof PoolCounts["losses"];

interface State {
  readonly counts: PoolCounts;
  /** Sequence number of the last sample, to detect samples that arrive late. */
  readonly sequence: number;
  /** The last sample that arrived, without its time-derived fields. */
  readonly told: string;
  /** When the alarm sends the next report. Absent: none is pending. */
  readonly dueAt?: number;
}

const NOTHING: State = {
  counts: {
    moves: { start: 0, resume: 0, pause: 0, kill: 0, snapshot: 0 },
    moveFailures: { start: 0, resume: 0, pause: 0, kill: 0, snapshot: 0 },
    corrections: { adopt: 0, kill: 0, note_paused: 0, discard: 0, pause: 0, verify: 0 },
    losses: { vanished: 0, rolled_back: 0 },
    saves: { saved: 0, failed: 0 },
    templateBuilds: { promoted: 0, failed: 0 },
  },
  sequence: 0,
  told: "",
};

export interface MetricsReporterOptions {
  /** Number of the pool shard. */
  readonly shard: number;
  /** METRICS_SHARDS; 0 disables reports. */
  readonly metricsShards: number;
  /** Takes a sample. Called for each report, never while a request waits. */
  readonly takeSample: (now: number) => ShardState;
  /** Returns when the sample next changes through time alone; undefined: never. */
  readonly changesAt: (now: number) => number | undefined;
  /** Sends a sample to the Metrics object of that name. */
  readonly send: (object: string, sample: PoolSample) => Promise<void>;
}

/**
 * Reports the state of a pool shard to its Metrics object, so that a scrape need not wake the shard. Call `changed`
 * whenever rows may have changed; the shard's alarm sends the report at `dueAt`. Reports are therefore off the path of
 * a claim, and a pending report survives an eviction.
 */
export class MetricsReporter {
  readonly #kv: SyncKvStorage;
  readonly #options: MetricsReporterOptions;

  constructor(storage: DurableObjectStorage, options: MetricsReporterOptions) {
    this.#kv = storage.kv;
    this.#options = options;
  }

  /** Increments a counter, such as `count("moves", "start")`, and reports it with the next sample. */
  count<Kind extends keyof PoolCounts>(kind: Kind, what: keyof PoolCounts[Kind]): void {
    if (this.#options.metricsShards === 0) return;
    const state = this.#state();
    const counted: PoolCounts[Kind] = { ...state.counts[kind], [what]: Number(state.counts[kind][what]) + 1 };
    this.#write({ ...state, counts: { ...state.counts, [kind]: counted } });
    this.changed(Date.now());
  }

  /** Returns when the next report is due. */
  dueAt(): number | undefined {
    return this.#state().dueAt;
  }

  /** Schedules a report. It is sent only if the sample differs from the last one. */
  changed(now: number): void {
    if (this.#options.metricsShards === 0) return;
    const state = this.#state();
    const soon = now + REPORT_WINDOW_MS;
    if (state.dueAt === undefined || state.dueAt > soon) this.#write({ ...state, dueAt: soon });
  }

  /** Sends the report if it is due, and waits for it. */
  async runIfDue(now: number): Promise<void> {
    const before = this.#state();
    if (before.dueAt === undefined || before.dueAt > now) return;
    const { shard, metricsShards, takeSample, send } = this.#options;
    const sample = takeSample(now);
    const lasting = withoutTime(sample, before);
    if (lasting === before.told) return this.#clearDue(before);
    const sequence = before.sequence + 1;
    const again = now + REPORT_AGAIN_MS;
    this.#write({ ...before, sequence, dueAt: again });
    try {
      await send(String(shard % metricsShards), { ...sample, ...before.counts, shard, sequence, at: now });
    } catch (error) {
      logEvent("warn", { event: "metrics_report_failed", shard, error: String(error) });
      return;
    }
    const after = this.#state();
    // Changes during the report have scheduled the next one earlier.
    if (after.dueAt === again) this.#clearDue({ ...after, told: lasting });
    else this.#write({ ...after, told: lasting });
  }

  /** Clears the due time, or sets it to the next change through time alone. */
  #clearDue({ dueAt: _paid, ...state }: State): void {
    const dueAt = this.#options.changesAt(Date.now());
    this.#write(dueAt === undefined ? state : { ...state, dueAt });
  }

  #state(): State {
    const stored = this.#kv.get<State>(STATE_KEY) ?? NOTHING;
    // State stored by an earlier deployment lacks counters that were added later.
    return { ...stored, counts: { ...NOTHING.counts, ...stored.counts } };
  }

  #write(state: State): void {
    this.#kv.put(STATE_KEY, state);
  }
}

/** Returns a sample without its time-derived fields, to detect changes since the last report. */
function withoutTime(state: ShardState, { counts }: State): string {
  const { ranSeconds: _ran, spentUsd: _spent, ...lasting } = state;
  return JSON.stringify([lasting, counts]);
}
