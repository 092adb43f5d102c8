import { execFile } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/** One mkfifo process makes this many, so its cost (1 ms) is spread over dozens of commands. */
const BATCH = 64;
/** Refill starts here, early enough that a burst on both output streams finds pipes. */
const REFILL_BELOW = 24;

export interface Pipe {
  readonly readFd: number;
  readonly writeFd: number;
}

/**
 * Real pipes for the stdio of sandbox processes. Node gives children socket pairs, and on those `> /dev/stderr`,
 * `tee /dev/stdout` and `cat /dev/stdin` fail with ENXIO; E2B gives pipes. Node cannot create a pipe, but it can open
 * a FIFO: each is opened once and unlinked at once, so no two processes ever share one.
 */
export class PipePool {
  readonly #dir: string;
  readonly #ready: string[] = [];
  #made = 0;
  #refilling: Promise<void> | undefined;

  constructor(dir: string) {
    this.#dir = dir;
    mkdirSync(dir, { mode: 0o700 });
  }

  /** Makes sure pipes are there; called once at start, later refills run in the background. */
  async fill(): Promise<void> {
    this.#refilling ??= this.#refill().finally(() => (this.#refilling = undefined));
    await this.#refilling;
  }

  /** A fresh pipe whose ends are both open, or undefined when a burst has used all up. */
  take(): Pipe | undefined {
    const path = this.#ready.pop();
    if (this.#ready.length < REFILL_BELOW) void this.fill();
    if (path === undefined) return undefined;
    // Opening both ends first keeps the one-sided opens below from blocking; those are the ones children get, and
    // they must not be non-blocking.
    const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    try {
      return { readFd: openSync(path, constants.O_RDONLY), writeFd: openSync(path, constants.O_WRONLY) };
    } finally {
      closeSync(both);
      unlinkSync(path);
    }
  }

  async #refill(): Promise<void> {
    const paths = Array.from({ length: BATCH }, () => join(this.#dir, String(this.#made++)));
    try {
      // Processes of other users open them again through /dev/stdout; only the directory keeps strangers away.
      await promisify(execFile)("mkfifo", ["-m", "666", "--", ...paths]);
    } catch {
      // Without mkfifo (or with the directory gone at shutdown) children get socket pairs: nearly as good.
      return;
    }
    this.#ready.push(...paths);
  }
}
