import { readdirSync, readFileSync } from "node:fs";

/** A process that lived: its number, and the time it started, which tells it from a later one of that number. */
interface Lived {
  readonly pid: number;
  readonly startedAt: string;
}

/** Processes of a tree that live or lived; for machines with /proc. */
export class ProcessTree {
  readonly #members: readonly Lived[];

  private constructor(members: readonly Lived[]) {
    this.#members = members;
  }

  /** A process and all that descend from it, as they are now. */
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

  /** Numbers of those whose command line matches. */
  find(commandLine: RegExp): number[] {
    return this.#members.map(({ pid }) => pid).filter((pid) => commandLine.test(commandLineOf(pid)));
  }

  /** Command lines of those that still live. */
  alive(): string[] {
    return this.#members
      .filter(({ pid, startedAt }) => {
        const stat = statOf(pid);
        return stat?.startedAt === startedAt && stat.state !== "Z";
      })
      .map(({ pid }) => `${pid} ${commandLineOf(pid)}`);
  }
}

/** proc_pid_stat(5), after the name in parentheses, which may hold anything; undefined: there is no such process. */
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
