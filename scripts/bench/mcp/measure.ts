import { readFileSync } from "node:fs";
import type { Call } from "./subjects.ts";

export interface Latency {
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
}

export interface Throughput extends Latency {
  readonly calls_per_s: number;
  /** Of workerd, all threads, user and system. */
  readonly cpu_ms_per_call: number;
}

export type Measured<Names extends string, Value> = Readonly<Record<Names, Value>>;

/** Before anything counts: caches, connections and the runtime's compiler. */
const WARM_UP_CALLS = 30;
/** The calls of one subject run in this many separate blocks, so that all of them share the machine's moods. */
const BLOCKS = 4;
/** Of /proc/<pid>/stat, on every Linux there is. */
const TICK_MS = 10;

export const rounded = (value: number) => Math.round(value * 100) / 100;

/** One caller, the subjects in turn, so that what disturbs one disturbs all. */
export async function inTurn<Names extends string>(
  subjects: Measured<Names, Call>,
  rounds: number,
): Promise<Measured<Names, Latency>> {
  const names = namesOf(subjects);
  const times = records(names, () => [] as number[]);
  for (let round = -WARM_UP_CALLS; round < rounds; round++) {
    for (const name of names) {
      const ms = await subjects[name]();
      if (round >= 0) times[name].push(ms);
    }
  }
  return records(names, (name) => latency(times[name]));
}

/** Several callers at once, each calling again as soon as it is answered; one subject at a time, in blocks. */
export async function atOnce<Names extends string>(
  subjects: Measured<Names, Call>,
  callers: number,
  calls: number,
  workerPid: number,
): Promise<Measured<Names, Throughput>> {
  const names = namesOf(subjects);
  const found = records(names, () => ({ times: [] as number[], wallMs: 0, cpuMs: 0 }));
  for (let block = -1; block < BLOCKS; block++) {
    for (const name of names) {
      const [cpuBefore, startedAt] = [cpuMs(workerPid), performance.now()];
      const times = await runBlock(subjects[name], callers, Math.ceil(calls / BLOCKS));
      // The first block warms up.
      if (block < 0) continue;
      found[name].wallMs += performance.now() - startedAt;
      found[name].cpuMs += cpuMs(workerPid) - cpuBefore;
      found[name].times.push(...times);
    }
  }
  return records(names, (name) => {
    const { times, wallMs, cpuMs: spentMs } = found[name];
    return {
      ...latency(times),
      calls_per_s: rounded((times.length * 1000) / wallMs),
      cpu_ms_per_call: rounded(spentMs / times.length),
    };
  });
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

function namesOf<Names extends string>(record: Measured<Names, unknown>): Names[] {
  // The keys of a record are its type's names.
  return Object.keys(record) as Names[];
}

function records<Names extends string, Value>(names: readonly Names[], make: (name: Names) => Value) {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Names, Value>;
}
