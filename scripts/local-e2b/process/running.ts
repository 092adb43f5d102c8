import type { Readable } from "node:stream";
import type { ExitStatus, Launched } from "../machine/machine.ts";
import { type OutputKind, outputFrames } from "./events.ts";

/** What the caller asked for, in the shape that List answers. */
export interface ProcessConfig {
  readonly cmd: string;
  readonly args: readonly string[];
  readonly envs: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
}

/** One client that follows a process. */
export interface Subscriber {
  /** @returns false when the client is slow: output waits until RunningProcess.resumeOutput. */
  output(frame: Buffer): boolean;
  ended(exit: ExitStatus): void;
  timedOut(): void;
}

/** A signalled process whose output stays open (a daemon kept the pipe) is reported ended after this long. */
const OUTPUT_GRACE_MS = 100;

/** Whether input goes to a plain process or to a terminal: the two calls do not mix. */
export type InputKind = "stdin" | "pty";

export class RunningProcess {
  readonly pid: number;
  readonly config: ProcessConfig;
  readonly tag: string | undefined;
  readonly input: InputKind;
  /** Settles after the process is gone and all its output was handed to the subscribers. */
  readonly ended: Promise<ExitStatus>;
  readonly #launched: Launched;
  readonly #subscribers = new Set<Subscriber>();
  readonly #signalled = Promise.withResolvers<void>();
  #stdinOpen: boolean;
  #deadline: { readonly at: number; readonly timer: NodeJS.Timeout } | undefined;
  #frozenMs: number | undefined;

  constructor(launched: Launched, config: ProcessConfig, tag: string | undefined, input: InputKind) {
    this.pid = launched.pid;
    this.config = config;
    this.tag = tag;
    this.input = input;
    this.#launched = launched;
    this.#stdinOpen = launched.stdin !== undefined;
    // A process that ends while input is on its way makes the pipe fail; the writer is told by its own callback.
    launched.stdin?.on("error", () => (this.#stdinOpen = false));
    this.ended = this.#run(input === "pty" ? "pty" : "stdout");
  }

  subscribe(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
  }

  unsubscribe(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    // It may have been the slow one.
    this.resumeOutput();
  }

  resumeOutput(): void {
    this.#launched.stdout.resume();
    this.#launched.stderr.resume();
  }

  /** To the process alone: what it started goes on, as with envd (e2b-dev/E2B#1031). */
  signal(name: NodeJS.Signals): void {
    this.#launched.signal(name);
    if (name === "SIGKILL" || name === "SIGTERM") this.#signalled.resolve();
  }

  /** Kills the process, and it alone, when the time is over. */
  setDeadline(ms: number): void {
    const timer = setTimeout(() => {
      this.signal("SIGKILL");
      for (const subscriber of this.#subscribers) subscriber.timedOut();
    }, ms);
    this.#deadline = { at: Date.now() + ms, timer };
  }

  /** A paused sandbox's clock stands still. */
  freezeDeadline(): void {
    if (this.#deadline === undefined) return;
    clearTimeout(this.#deadline.timer);
    this.#frozenMs = Math.max(0, this.#deadline.at - Date.now());
  }

  thawDeadline(): void {
    if (this.#frozenMs !== undefined) this.setDeadline(this.#frozenMs);
    this.#frozenMs = undefined;
  }

  /** @throws Error when the process takes no input, or no more. */
  async write(data: Buffer): Promise<void> {
    const { stdin } = this.#launched;
    if (stdin === undefined || !this.#stdinOpen) throw new Error("stdin not enabled or closed");
    await new Promise<void>((resolve, reject) => {
      stdin.write(data, (error) => (error ? reject(error) : resolve()));
    });
  }

  closeStdin(): void {
    this.#stdinOpen = false;
    this.#launched.stdin?.end();
  }

  async #run(main: OutputKind): Promise<ExitStatus> {
    const { stdout, stderr, exited } = this.#launched;
    const drained = Promise.all([this.#forward(main, stdout), this.#forward("stderr", stderr)]);
    const exit = await exited;
    await Promise.race([drained, this.#signalled.promise.then(() => later(OUTPUT_GRACE_MS))]);
    clearTimeout(this.#deadline?.timer);
    this.#deadline = undefined;
    stdout.destroy();
    stderr.destroy();
    this.#launched.stdin?.destroy();
    for (const subscriber of this.#subscribers) subscriber.ended(exit);
    return exit;
  }

  /** Hands output on until its end. Without a subscriber it is read and dropped, as envd does. */
  #forward(kind: OutputKind, stream: Readable): Promise<void> {
    stream.on("data", (chunk: Buffer) => {
      if (this.#subscribers.size === 0) return;
      let keepsUp = true;
      for (const frame of outputFrames(kind, chunk)) {
        for (const subscriber of this.#subscribers) keepsUp = subscriber.output(frame) && keepsUp;
      }
      if (!keepsUp) stream.pause();
    });
    // A read error means that the other side is gone: the end of the output.
    stream.on("error", () => undefined);
    return new Promise((resolve) => {
      stream.once("end", resolve);
      // Destroyed before its end.
      stream.once("close", resolve);
    });
  }
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
