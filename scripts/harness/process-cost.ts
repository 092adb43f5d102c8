import { readFileSync, writeFileSync } from "node:fs";

/** Clock ticks a second of /proc (sysconf(_SC_CLK_TCK)); Linux has no other. */
const TICKS = 100;

/** The largest resident memory of a process while `work` runs, in MiB. Linux only. */
export async function peakMib(pid: number, work: () => Promise<unknown>): Promise<number> {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
  await work();
  const [, kib] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) / 1024;
}

/** Processor time of a process so far, in milliseconds. Linux only. */
export function cpuMs(pid: number): number {
  // The name, in parentheses, may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  const [user, system] = [fields[11], fields[12]].map(Number);
  return (((user ?? NaN) + (system ?? NaN)) * 1000) / TICKS;
}
