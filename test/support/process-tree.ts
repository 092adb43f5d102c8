import { readdirSync, readFileSync } from "node:fs";

/** A process: its number, and its start time, which tells it from a later process of the same number. */
interface Lived {
  readonly pid: number;
  readonly startedAt: string;
}

/** The processes of a tree, running or ended; for machines with /proc. */
export class ProcessTree {
  readonly #members: readonly Lived[];

  private constructor(members: readonly Lived[]) {
    this.#members = members;
  }

  /** Returns the present tree of a process and its descendants. */
  static of(root: number): ProcessTree {
    const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    const parents = new Map(all.map((name) => [Number(name), statOf(Number(name))]));
    const isMember = (pid: number): boolean => {
      const stat = parents.get(pid);
      return pid === root || (stat !== undefined && stat.parent > 0 && isMember(stat.parent));
    };
    return new ProcessTree(
      [...parents].flatMap(([pid, stat]) => (stat && isMember(pid) ? [{ pid, startedAt: stat.startedAt }] : [])),
    );
  }

  /** Returns the numbers of the processes whose command line matches. */
  find(commandLine: RegExp): number[] {
    return this.#members.map(({ pid }) => pid).filter((pid) => commandLine.test(commandLineOf(pid)));
  }

  /** Returns the command lines of the processes that still run. */
  alive(): string[] {
    return this.#members
      .filter(({ pid, startedAt }) => {
        const stat = statOf(pid);
        return stat?.startedAt === startedAt && stat.state !== "Z";
      })
      .map(({ pid }) => `${pid} ${commandLineOf(pid)}`);
  }
}

/** Reads proc_pid_stat(5) after the name in parentheses, which may hold any character; undefined: no such process. */
function statOf(pid: number): { state: string; parent: number; startedAt: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state = "", parent, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state, parent: Number(parent), startedAt: rest[17] ?? "" };
  } catch {
    return undefined;
  }
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
