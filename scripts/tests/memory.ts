import { accessSync, constants, readFileSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";

const MEMORY = "/dev/shm";
/** Many times the space that the tests use at once, required of the folder and of the machine's memory. */
const ENOUGH_BYTES = 4 * 1024 ** 3;

export interface Machine {
  /** Contents of /proc/mounts: one file system per line. */
  readonly mounts: string;
  readonly freeBytes: number;
  readonly availableBytes: number;
}

/**
 * Returns the folder for the tests' files: in memory if the machine has enough. Tests create and remove some hundred
 * thousand files; on a disk they would take more time in its file system than in git.
 */
export function folderOfTests(env: NodeJS.ProcessEnv, machine: Machine | undefined): string {
  const isChosen = env["TMPDIR"] !== undefined;
  // At night the tests use the disk, as users do.
  return machine && !isChosen && env["NIGHTLY"] === undefined && hasMemory(machine) ? MEMORY : tmpdir();
}

function hasMemory({ mounts, freeBytes, availableBytes }: Machine): boolean {
  const [, , type, options = ""] =
    mounts
      .split("\n")
      .map((line) => line.split(" "))
      .find(([, at]) => at === MEMORY) ?? [];
  // Hooks are executed in this folder.
  const isUsable = type === "tmpfs" && !options.split(",").includes("noexec");
  return isUsable && freeBytes >= ENOUGH_BYTES && availableBytes >= ENOUGH_BYTES;
}

/** Returns undefined if the machine has no such folder. */
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
