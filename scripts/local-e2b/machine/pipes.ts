import { execFile } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/** Number of pipes per mkfifo process, which spreads its cost (1 ms) over dozens of commands. */
const BATCH = 64;
/** A refill starts below this number, early enough for a burst of commands with two output streams each. */
const REFILL_BELOW = 24;

export interface Pipe {
  readonly readFd: number;
  readonly writeFd: number;
}

/**
 * Makes real pipes for the stdio of sandbox processes. Node gives children socket pairs, on which `> /dev/stderr`, `tee
 * /dev/stdout` and `cat /dev/stdin` fail with ENXIO; E2B gives pipes. Node cannot create a pipe, but it can open a
 * FIFO: each is opened once and unlinked at once, so no two processes ever share one.
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

  /** Fills the pool. Called once at start; later refills run in the background. */
  async fill(): Promise<void> {
    this.#refilling ??= this.#refill().finally(() => (this.#refilling = undefined));
    await this.#refilling;
  }

  /** Returns a fresh pipe with both ends open; undefined if a burst has used all pipes up. */
  take(): Pipe | undefined {
    const path = this.#ready.pop();
    if (this.#ready.length < REFILL_BELOW) void this.fill();
    if (path === undefined) return undefined;
    // Opens both ends first, so that the one-sided opens below do not block. Children get those, and they must not be
    // non-blocking.
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
      // Mode 666: other users' processes reopen them through /dev/stdout. Only the directory's mode keeps strangers
      // out.
      await promisify(execFile)("mkfifo", ["-m", "666", "--", ...paths]);
    } catch {
      // Without mkfifo (or without the directory, at shutdown) children get socket pairs, which are nearly as good.
      return;
    }
    this.#ready.push(...paths);
  }
}
