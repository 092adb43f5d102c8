import { readdirSync, readFileSync } from "node:fs";

export interface Usage {
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

/** Clock ticks per second in /proc: 100 on every Linux that runs Node. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/**
 * Sums the usage of processes in the proc file system `proc`: those that run, and their children that have ended.
 * Undefined if there is no proc file system.
 */
export function readUsage(proc: string, counts: (pid: string) => boolean): Usage | undefined {
  let ticks = 0;
  let pages = 0;
  try {
    for (const pid of readdirSync(proc)) {
      if (!/^\d+$/.test(pid) || !counts(pid)) continue;
      const fields = statFields(`${proc}/${pid}/stat`);
      // utime, stime, cutime, cstime and rss: fields 14 to 17 and 24 of proc(5), here without the first two.
      for (const field of [11, 12, 13, 14]) ticks += Number(fields[field] ?? 0);
      pages += Number(fields[21] ?? 0);
    }
  } catch {
    return undefined;
  }
  return { cpuSeconds: ticks / TICKS_PER_SECOND, memoryBytes: pages * PAGE_BYTES };
}

/** Returns the fields after the program's name, which may itself hold spaces and parentheses. */
function statFields(path: string): readonly string[] {
  try {
    const text = readFileSync(path, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    // The process has ended since the directory was read.
    return [];
  }
}
