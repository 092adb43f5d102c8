import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Returns the pids of one sandbox's live processes. */
export type Census = () => readonly number[];

/** Time for killed processes to disappear, before killAll fails. */
const KILL_DEADLINE_MS = 5000;

/**
 * Finds processes with `name=value` in their environment, set or inherited, and those of `young`: processes that just
 * started and have no environment of their own yet (Linux).
 */
export function byEnvironment(name: string, value: string, young: ReadonlySet<number>): Census {
  const wanted = `\0${name}=${value}\0`;
  const matches = (pid: string): boolean =>
    young.has(Number(pid)) || `\0${readFileSync(`/proc/${pid}/environ`, "latin1")}`.includes(wanted);
  return () => procPids(matches);
}

/**
 * Finds processes in the groups of these leaders, for machines without /proc; misses a daemon that changed group.
 * Removes leaders whose group is empty, because their number may be reused.
 */
export function byProcessGroup(leaders: Set<number>): Census {
  return () => {
    if (leaders.size === 0) return [];
    const rows = execFileSync("ps", ["-axo", "pid=,pgid=,stat="], { encoding: "utf8" }).trim().split("\n");
    const members = rows
      .map((row) => row.trim().split(/\s+/))
      .filter(([, group, state]) => leaders.has(Number(group)) && state !== undefined && !state.startsWith("Z"));
    const groups = new Set(members.map(([, group]) => Number(group)));
    for (const leader of leaders) if (!groups.has(leader)) leaders.delete(leader);
    return members.map(([pid]) => Number(pid));
  };
}

function procPids(matches: (pid: string) => boolean): readonly number[] {
  const found: number[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (matches(name)) found.push(Number(name));
    } catch {
      // The process has ended, is a zombie, or belongs to another user: skipped.
    }
  }
  return found.sort((a, b) => a - b);
}

/** Stops every process. Repeats until a round finds no new process, because running ones may have forked. */
export function stopAll(census: Census): void {
  const stopped = new Set<number>();
  for (;;) {
    const fresh = census().filter((pid) => !stopped.has(pid));
    if (fresh.length === 0) return;
    // Parents first: a shell that is stopped already does not notice that its children stop.
    for (const pid of fresh) {
      signal(pid, "SIGSTOP");
      stopped.add(pid);
    }
  }
}

/** Continues every process, children first (see stopAll). */
export function continueAll(census: Census): void {
  for (const pid of census().toReversed()) signal(pid, "SIGCONT");
}

/** Kills every process and waits until none is left. @throws Error if some survive (stuck in the kernel) */
export async function killAll(census: Census): Promise<void> {
  const deadline = Date.now() + KILL_DEADLINE_MS;
  for (;;) {
    const left = census();
    if (left.length === 0) return;
    for (const pid of left) signal(pid, "SIGKILL");
    if (Date.now() > deadline) throw new Error(`processes ${left.join(", ")} did not end after SIGKILL`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Sends a signal. Ignores a process that has ended. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // ESRCH: gone. EPERM cannot happen for our own children.
  }
}
