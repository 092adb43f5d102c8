import { closeSync, constants, openSync } from "node:fs";
import { constants as system } from "node:os";
import { reader, writer } from "./fd.ts";
import { type Helper, startHelper } from "./helper.ts";
import { type ExitStatus, type Launched, LaunchError, type LaunchRequest, type Owner } from "./machine.ts";

interface Pending {
  readonly started: PromiseWithResolvers<Launched>;
  readonly exited: PromiseWithResolvers<ExitStatus>;
}

const KILLED: ExitStatus = { code: null, signal: "SIGKILL" };

/** The host's side of HOLDER_SCRIPT. */
export class Holder {
  readonly #helper: Helper;
  /** As this machine numbers it. */
  readonly hostPid: string;
  readonly #pending = new Map<string, Pending>();
  readonly #echoes = new Map<string, () => void>();
  /** Processes whose pipe ends need no longer be kept. */
  #opened: string[] = [];
  #over = false;
  #nextId = 0;
  #line = "";

  private constructor(helper: Helper) {
    this.#helper = helper;
    this.hostPid = helper.firstLine.split(" ")[1] ?? "";
    helper.output.on("data", (text: string) => this.#read(text));
    void helper.gone.then(() => this.#abandon());
  }

  /** @throws Error in the words of whatever went wrong */
  static async start(command: string, args: readonly string[], owner: Owner | undefined): Promise<Holder> {
    return new Holder(await startHelper(command, args, owner));
  }

  /** @throws LaunchError */
  run({ user, stdin, cwd, cmd, args, env }: LaunchRequest): Promise<Launched> {
    if (this.#over) return Promise.reject(new LaunchError("the sandbox ended"));
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    if ([cmd, cwd, ...args, ...variables].some((text) => text.includes("\0"))) {
      return Promise.reject(new LaunchError("a command and its environment cannot hold NUL characters"));
    }
    const id = String(this.#nextId++);
    const pending: Pending = { started: Promise.withResolvers(), exited: Promise.withResolvers() };
    this.#pending.set(id, pending);
    this.#send("run", id, user, stdin, cwd, String(args.length + 1), cmd, ...args, ...variables);
    return pending.started.promise;
  }

  /** To a process group, or to every process of the namespace. */
  signal(target: number | "all", name: NodeJS.Signals): void {
    this.#send("kill", target === "all" ? "-1" : String(-target), name.replace(/^SIG/, ""));
  }

  /** Waits until the holder has done all that it was told. */
  async settled(): Promise<void> {
    const id = String(this.#nextId++);
    const answered = Promise.withResolvers<void>();
    this.#echoes.set(id, answered.resolve);
    this.#send("echo", id);
    await Promise.race([answered.promise, this.#helper.gone]);
    this.#echoes.delete(id);
  }

  /** Ends the holder, and with it the namespace and everything in it. */
  end(): Promise<void> {
    return this.#helper.end();
  }

  #send(...fields: string[]): void {
    this.#release();
    this.#write(...fields);
  }

  #release(): void {
    if (this.#opened.length > 0) this.#write("opened", ...this.#opened.splice(0));
  }

  #write(...fields: string[]): void {
    const length = fields.reduce((sum, field) => sum + Buffer.byteLength(field) + 1, -1);
    const request = Buffer.allocUnsafe(4 + length);
    request.writeUInt32BE(length, 0);
    request.write(fields.join("\0"), 4, "utf8");
    this.#helper.input.write(request);
  }

  #read(text: string): void {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) this.#event(line.split(" "));
  }

  #event([what, id = "", ...rest]: string[]): void {
    if (what === "echo") this.#echoes.get(id)?.();
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    switch (what) {
      case "started":
        this.#started(id, pending, rest.map(Number));
        return;
      case "failed":
        this.#pending.delete(id);
        pending.started.reject(new LaunchError(rest.join(" ")));
        return;
      case "exited":
        this.#pending.delete(id);
        pending.exited.resolve(exitStatus(Number(rest[0])));
        // After what waits for the end.
        setImmediate(() => this.#release());
        return;
      default:
        throw new Error(`the holder said '${what}', which means nothing`);
    }
  }

  #started(id: string, { started, exited }: Pending, [pid = 0, input = -1, output = -1, errors = -1]: number[]): void {
    const opened: number[] = [];
    try {
      for (const [fd, flag] of [
        [output, constants.O_RDONLY],
        [errors, constants.O_RDONLY],
        [input, constants.O_WRONLY],
      ] as const) {
        if (fd >= 0) opened.push(openSync(`/proc/${this.hostPid}/fd/${fd}`, flag | constants.O_NONBLOCK));
      }
    } catch (error) {
      for (const fd of opened) closeSync(fd);
      this.signal(pid, "SIGKILL");
      started.reject(new LaunchError(`the pipes of the process could not be opened: ${String(error)}`));
      return;
    }
    this.#opened.push(id);
    // An input's end must be the host's alone. The rest can wait until the process, which is just starting, is over.
    if (input >= 0) this.#release();
    const [stdout = -1, stderr = -1, stdin] = opened;
    started.resolve({
      pid,
      stdin: stdin === undefined ? undefined : writer(stdin),
      stdout: reader(stdout),
      stderr: reader(stderr),
      exited: exited.promise,
      signal: (name) => this.signal(pid, name),
    });
  }

  #abandon(): void {
    this.#over = true;
    for (const { started, exited } of this.#pending.values()) {
      started.reject(new LaunchError("the sandbox ended"));
      exited.resolve(KILLED);
    }
    this.#pending.clear();
  }
}

/** Decodes what waitpid reports. */
function exitStatus(status: number): ExitStatus {
  const number = status & 0x7f;
  if (number === 0) return { code: status >> 8, signal: null };
  return {
    code: null,
    signal:
      Object.keys(system.signals)
        .filter(isSignal)
        .find((name) => system.signals[name] === number) ?? "SIGKILL",
  };
}

function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(system.signals, name);
}
