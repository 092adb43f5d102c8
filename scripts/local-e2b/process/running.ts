import type { Readable } from "node:stream";
import type { ExitStatus, Launched } from "../machine/machine.ts";
import { type OutputKind, outputFrames } from "./events.ts";

/** The caller's request, in the form that List returns. */
export interface ProcessConfig {
  readonly cmd: string;
  readonly args: readonly string[];
  readonly envs: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
}

/** A client that receives a process's events. */
export interface Subscriber {
  /** @returns false if the client is slow: output waits until RunningProcess.resumeOutput */
  output(frame: Buffer): boolean;
  ended(exit: ExitStatus): void;
  timedOut(): void;
}

/** Time after which a signalled process is reported as ended although its output is open (a daemon kept the pipe). */
const OUTPUT_GRACE_MS = 100;

/** Whether input goes to a plain process or to a terminal. A call for one kind fails for the other. */
export type InputKind = "stdin" | "pty";

export class RunningProcess {
  readonly pid: number;
  readonly config: ProcessConfig;
  readonly tag: string | undefined;
  readonly input: InputKind;
  /** Settles when the process has ended and subscribers have its output, for which it waits briefly after a signal. */
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
    // The pipe fails if the process ends during a write; the callback of write gets the error.
    launched.stdin?.on("error", () => (this.#stdinOpen = false));
    this.ended = this.#run(input === "pty" ? "pty" : "stdout");
  }

  subscribe(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
  }

  unsubscribe(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    // Output may have waited for this subscriber.
    this.resumeOutput();
  }

  resumeOutput(): void {
    this.#launched.stdout.resume();
    this.#launched.stderr.resume();
  }

  /** Sends a signal to the process, not to its children, as envd does (e2b-dev/E2B#1031). */
  signal(name: NodeJS.Signals): void {
    this.#launched.signal(name);
    if (name === "SIGKILL" || name === "SIGTERM") this.#signalled.resolve();
  }

  /** Kills the process, without its children, after `ms` milliseconds. */
  setDeadline(ms: number): void {
    const timer = setTimeout(() => {
      this.signal("SIGKILL");
      for (const subscriber of this.#subscribers) subscriber.timedOut();
    }, ms);
    this.#deadline = { at: Date.now() + ms, timer };
  }

  /** Stops the deadline's clock while the sandbox is paused. */
  freezeDeadline(): void {
    if (this.#deadline === undefined) return;
    clearTimeout(this.#deadline.timer);
    this.#frozenMs = Math.max(0, this.#deadline.at - Date.now());
  }

  thawDeadline(): void {
    if (this.#frozenMs !== undefined) this.setDeadline(this.#frozenMs);
    this.#frozenMs = undefined;
  }

  /** @throws Error if the process takes no input, or no more */
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

  /** Sends output to the subscribers until its end. Without a subscriber, reads and drops it, as envd does. */
  #forward(kind: OutputKind, stream: Readable): Promise<void> {
    stream.on("data", (chunk: Buffer) => {
      if (this.#subscribers.size === 0) return;
      let keepsUp = true;
      for (const frame of outputFrames(kind, chunk)) {
        for (const subscriber of this.#subscribers) keepsUp = subscriber.output(frame) && keepsUp;
      }
      if (!keepsUp) stream.pause();
    });
    // A read error means that the other side has closed: the end of the output.
    stream.on("error", () => undefined);
    return new Promise((resolve) => {
      stream.once("end", resolve);
      // The stream may be destroyed before its end.
      stream.once("close", resolve);
    });
  }
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
