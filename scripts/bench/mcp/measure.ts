import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** Does its work once and returns its time in milliseconds. Rejects if the work fails. */
export type Call = () => Promise<number>;

export interface Latency {
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
}

/** Calls before the measured ones, to warm up caches, connections and the runtime's compiler. */
const WARM_UP_CALLS = 30;
/**
 * A pause after each call, so that work after its answer (the sandbox forks its next process ahead) does not slow the
 * next subject. An agent thinks longer.
 */
const PAUSE_MS = 20;
/** Number of separate blocks for the calls of a subject, so that all subjects share changes of the machine's load. */
const BLOCKS = 4;
/** Unit of the times in /proc/<pid>/stat, the same on every Linux. */
const TICK_MS = 10;

export const rounded = (value: number) => Math.round(value * 100) / 100;

/** A measured call, and its times. */
export class Subject {
  readonly name: string;
  readonly call: Call;
  /** Times with one caller. */
  readonly timesMs: number[] = [];
  /** Times with several callers at once. */
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

  /** Returns the latencies with several callers. The CPU time is workerd's: all threads, user and system. */
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
 * Calls the subjects in turn, with one caller, so that a disturbance affects all. Every second round goes backwards,
 * because a call finds the caches that the call before it has left.
 */
export async function inTurn(subjects: readonly Subject[], rounds: number): Promise<void> {
  for (let round = -WARM_UP_CALLS; round < rounds; round++) {
    for (const { call, timesMs } of round % 2 === 0 ? subjects : subjects.toReversed()) {
      const ms = await call();
      if (round >= 0) timesMs.push(ms);
      await setTimeout(PAUSE_MS);
    }
  }
}

/** Calls one subject at a time, in blocks, with several callers at once; each calls again after its answer. */
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

/** Reads proc_pid_stat(5): fields 14 and 15, after the name in parentheses, which may hold any character. */
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
