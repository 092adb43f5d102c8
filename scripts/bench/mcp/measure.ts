import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** Does its work once and says how many milliseconds that took. Rejects when it fails. */
export type Call = () => Promise<number>;

export interface Latency {
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
}

/** Before anything counts: caches, connections and the runtime's compiler. */
const WARM_UP_CALLS = 30;
/**
 * A pause after each call: what is done after its answer (the sandbox forks its next process ahead) must not fall to the
 * subject whose turn is next. An agent thinks longer.
 */
const PAUSE_MS = 20;
/** The calls of one subject run in this many separate blocks, so that all of them share the machine's moods. */
const BLOCKS = 4;
/** Of /proc/<pid>/stat, on every Linux there is. */
const TICK_MS = 10;

export const rounded = (value: number) => Math.round(value * 100) / 100;

/** What is measured, and how long it took. */
export class Subject {
  readonly name: string;
  readonly call: Call;
  /** By one caller. */
  readonly timesMs: number[] = [];
  /** By several callers at once. */
  readonly busyTimesMs: number[] = [];
  busyWallMs = 0;
  busyCpuMs = 0;

  constructor(name: string, call: Call) {
    this.name = name;
    this.call = call;
  }

  alone(): Latency {
    return latency(this.timesMs);
  }

  /** CPU time is workerd's, all threads, user and system. */
  busy(): Latency & { readonly calls_per_s: number; readonly cpu_ms_per_call: number } {
    const calls = this.busyTimesMs.length;
    return {
      ...latency(this.busyTimesMs),
      calls_per_s: rounded((calls * 1000) / this.busyWallMs),
      cpu_ms_per_call: rounded(this.busyCpuMs / calls),
    };
  }
}

/**
 * One caller, the subjects in turn, so that a disturbance of the machine meets all of them. Each round begins with
 * another subject, because a call finds the caches that the call before it has left.
 */
export async function inTurn(subjects: readonly Subject[], rounds: number): Promise<void> {
  for (let round = -WARM_UP_CALLS; round < rounds; round++) {
    const first = (round + WARM_UP_CALLS) % subjects.length;
    for (const { call, timesMs } of [...subjects.slice(first), ...subjects.slice(0, first)]) {
      const ms = await call();
      if (round >= 0) timesMs.push(ms);
      await setTimeout(PAUSE_MS);
    }
  }
}

/** Several callers at once, each calling again as soon as it is answered; one subject at a time, in blocks. */
export async function atOnce(
  subjects: readonly Subject[],
  callers: number,
  calls: number,
  workerPid: number,
): Promise<void> {
  for (let block = 0; block < BLOCKS; block++) {
    for (const subject of subjects) {
      const [cpuBeforeMs, startedAt] = [cpuMs(workerPid), performance.now()];
      subject.busyTimesMs.push(...(await runBlock(subject.call, callers, Math.ceil(calls / BLOCKS))));
      subject.busyWallMs += performance.now() - startedAt;
      subject.busyCpuMs += cpuMs(workerPid) - cpuBeforeMs;
    }
  }
}

async function runBlock(call: Call, callers: number, calls: number): Promise<number[]> {
  const times: number[] = [];
  let left = calls;
  const caller = async () => {
    while (left-- > 0) times.push(await call());
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return times;
}

/** proc_pid_stat(5): fields 14 and 15, after the name in parentheses, which may hold anything. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

function latency(times: readonly number[]): Latency {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => rounded(sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0);
  return { p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99) };
}
