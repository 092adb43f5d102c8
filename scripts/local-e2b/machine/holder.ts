import { type Helper, startHelper } from "./helper.ts";
import { type ExitStatus, type Launched, LaunchError, type LaunchRequest } from "./machine.ts";
import type { Owner } from "./owner.ts";
import { orderFor, PreparedProcess } from "./prepared-process.ts";
import { exitStatus } from "./wait-status.ts";

/** Longer than a command's response takes to leave, shorter than a client's pause before its next command. */
const IDLE_MS = 5;
const KILLED: ExitStatus = { code: null, signal: "SIGKILL" };

/**
 * The host's side of HOLDER_SCRIPT. A fork takes longer than the rest of a start, and slows down other processes. So
 * when all started processes have ended, the next one is forked ahead.
 */
export class Holder {
  readonly #helper: Helper;
  /** Pid of the holder on this machine. */
  readonly hostPid: string;
  /** Requested processes, in the order of the requests. */
  readonly #preparing: PromiseWithResolvers<PreparedProcess>[] = [];
  #ahead: Promise<PreparedProcess> | undefined;
  #idle: NodeJS.Timeout | undefined;
  readonly #exits = new Map<number, (status: ExitStatus) => void>();
  #running = 0;
  readonly #echoes = new Map<string, () => void>();
  #over = false;
  #nextId = 0;
  #line = "";

  private constructor(helper: Helper) {
    this.#helper = helper;
    this.hostPid = helper.firstLine.split(" ")[1] ?? "";
    helper.output.on("data", (text: string) => this.#read(text));
    void helper.gone.then(() => this.#abandon());
  }

  /** @throws Error with the reason */
  static async start(command: string, args: readonly string[], owner: Owner | undefined): Promise<Holder> {
    return new Holder(await startHelper(command, args, owner));
  }

  /** @throws LaunchError */
  async run(request: LaunchRequest): Promise<Launched> {
    const order = orderFor(request);
    clearTimeout(this.#idle);
    this.#running++;
    try {
      const prepared = await this.#take();
      // A program in the sandbox may have killed the waiting process; tries once more with a new one.
      const started =
        (await prepared.give(order, request.stdin)) ?? (await (await this.#prepare()).give(order, request.stdin));
      if (started === undefined) throw new LaunchError("a new process was killed before it started");
      void started.exited.then(() => this.#ended());
      return { ...started, signal: (name) => this.signal(started.pid, name) };
    } catch (error) {
      this.#ended();
      throw error;
    }
  }

  /** Sends a signal to one process, or to every process of the namespace. */
  signal(target: number | "all", name: NodeJS.Signals): void {
    this.#send("kill", target === "all" ? "-1" : String(target), name.replace(/^SIG/, ""));
  }

  /** Ends the process that was forked ahead. */
  async rest(): Promise<void> {
    clearTimeout(this.#idle);
    await this.#discard();
  }

  /** Waits until the holder has handled all requests. */
  async settled(): Promise<void> {
    const id = String(this.#nextId++);
    const answered = Promise.withResolvers<void>();
    this.#echoes.set(id, answered.resolve);
    this.#send("echo", id);
    await Promise.race([answered.promise, this.#helper.gone]);
    this.#echoes.delete(id);
  }

  /** Ends the holder, and with it the namespace and all its processes. */
  end(): Promise<void> {
    return this.#helper.end();
  }

  #send(...fields: string[]): void {
    this.#helper.input.write(`${fields.join(" ")}\n`);
  }

  /**
   * Returns the process that was forked ahead; a new one if there is none or it was killed before its pipes were open.
   */
  async #take(): Promise<PreparedProcess> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return (await ahead?.catch(() => undefined)) ?? this.#prepare();
  }

  #prepare(): Promise<PreparedProcess> {
    if (this.#over) return Promise.reject(new LaunchError("the sandbox ended"));
    const asked = Promise.withResolvers<PreparedProcess>();
    this.#preparing.push(asked);
    this.#send("prepare");
    return asked.promise;
  }

  async #discard(): Promise<void> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const prepared = await ahead?.catch(() => undefined);
    prepared?.close();
    await prepared?.exited;
  }

  #ended(): void {
    if (--this.#running > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.#over || this.#ahead !== undefined) return;
      const ahead = this.#prepare();
      this.#ahead = ahead;
      // The next run forks again, and gets the error itself.
      ahead.catch(() => {
        if (this.#ahead === ahead) this.#ahead = undefined;
      });
    }, IDLE_MS).unref();
  }

  #read(text: string): void {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) this.#event(line.split(" "));
  }

  #event([what = "", ...rest]: string[]): void {
    switch (what) {
      case "prepared":
        this.#prepared(rest.map(Number));
        return;
      case "failed":
        this.#preparing.shift()?.reject(new LaunchError(rest.join(" ")));
        return;
      case "exited": {
        const [pid = 0, status = 0] = rest.map(Number);
        this.#exits.get(pid)?.(exitStatus(status));
        this.#exits.delete(pid);
        return;
      }
      case "echo":
        this.#echoes.get(rest[0] ?? "")?.();
        return;
      default:
        throw new Error(`the holder said '${what}', which means nothing`);
    }
  }

  #prepared([pid = 0, ...fds]: number[]): void {
    const asked = this.#preparing.shift();
    const exited = Promise.withResolvers<ExitStatus>();
    this.#exits.set(pid, exited.resolve);
    try {
      asked?.resolve(PreparedProcess.open(pid, `/proc/${this.hostPid}/fd`, fds, exited.promise));
    } catch (error) {
      this.signal(pid, "SIGKILL");
      asked?.reject(new LaunchError(`the pipes of the process could not be opened: ${String(error)}`));
    }
    this.#send("opened", String(pid));
  }

  #abandon(): void {
    this.#over = true;
    clearTimeout(this.#idle);
    for (const { reject } of this.#preparing.splice(0)) reject(new LaunchError("the sandbox ended"));
    for (const resolve of this.#exits.values()) resolve(KILLED);
    this.#exits.clear();
    void this.#discard();
  }
}
