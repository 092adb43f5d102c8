import { accessSync, constants, readFileSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";

const MEMORY = "/dev/shm";
/** Many times what the tests have at once, of the folder and of the machine. */
const ENOUGH_BYTES = 4 * 1024 ** 3;

export interface Machine {
  /** /proc/mounts: a file system a line. */
  readonly mounts: string;
  readonly freeBytes: number;
  readonly availableBytes: number;
}

/**
 * Where tests keep their files: in memory where the machine has it to spare. They make and remove some hundred thousand,
 * and on a disk more time would go by in its file system than in git.
 */
export function folderOfTests(env: NodeJS.ProcessEnv, machine: Machine | undefined): string {
  const isChosen = env["TMPDIR"] !== undefined;
  // At night on the disk, as users have it.
  return machine && !isChosen && env["NIGHTLY"] === undefined && hasMemory(machine) ? MEMORY : tmpdir();
}

function hasMemory({ mounts, freeBytes, availableBytes }: Machine): boolean {
  const [, , type, options = ""] =
    mounts
      .split("\n")
      .map((line) => line.split(" "))
      .find(([, at]) => at === MEMORY) ?? [];
  // Hooks are executed where they lie.
  const isUsable = type === "tmpfs" && !options.split(",").includes("noexec");
  return isUsable && freeBytes >= ENOUGH_BYTES && availableBytes >= ENOUGH_BYTES;
}

/** Undefined: it has no such folder. */
export function thisMachine(): Machine | undefined {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    const [, kibibytes = "0"] = /^MemAvailable:\s+(\d+)/m.exec(readFileSync("/proc/meminfo", "utf8")) ?? [];
    const mounts = readFileSync("/proc/mounts", "utf8");
    return { mounts, freeBytes: bavail * bsize, availableBytes: Number(kibibytes) * 1024 };
  } catch {
    return undefined;
  }
}
