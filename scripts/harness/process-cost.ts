import { readFileSync, writeFileSync } from "node:fs";

/** Clock ticks per second in /proc (sysconf(_SC_CLK_TCK)), the same on every Linux. */
const TICKS = 100;

/** Returns the largest resident memory of a process while `work` runs, in MiB. Linux only. */
export async function peakMib(pid: number, work: () => Promise<unknown>): Promise<number> {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
  await work();
  const [, kib] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) / 1024;
}

/** Returns the processor time of a process so far, in milliseconds. Linux only. */
export function cpuMs(pid: number): number {
  // The name, in parentheses, may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  const [user, system] = [fields[11], fields[12]].map(Number);
  return (((user ?? NaN) + (system ?? NaN)) * 1000) / TICKS;
}
