import { closeSync, constants, openSync } from "node:fs";
import { reader, writer } from "./fd.ts";
import { type ExitStatus, type Launched, LaunchError, type LaunchRequest } from "./machine.ts";

interface PipeEnds {
  readonly order: number;
  readonly stdin: number;
  readonly stdout: number;
  readonly stderr: number;
}

/** A process that the holder has forked, and that waits for the order to execute a program. */
export class PreparedProcess {
  readonly #pid: number;
  readonly #ends: PipeEnds;
  readonly exited: Promise<ExitStatus>;

  private constructor(pid: number, ends: PipeEnds, exited: Promise<ExitStatus>) {
    this.#pid = pid;
    this.#ends = ends;
    this.exited = exited;
  }

  /** Opens the pipe ends that are kept for the process in `directory`. @throws Error of the system */
  static open(pid: number, directory: string, fds: readonly number[], exited: Promise<ExitStatus>): PreparedProcess {
    const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;
    const opened: number[] = [];
    try {
      for (const [index, flag] of [O_WRONLY, O_WRONLY, O_RDONLY, O_RDONLY].entries()) {
        opened.push(openSync(`${directory}/${fds[index]}`, flag | O_NONBLOCK));
      }
    } catch (error) {
      for (const fd of opened) closeSync(fd);
      throw error;
    }
    const [order = -1, stdin = -1, stdout = -1, stderr = -1] = opened;
    return new PreparedProcess(pid, { order, stdin, stdout, stderr }, exited);
  }

  /** Sends the process its order (see `orderFor`), once. @returns undefined if the process has ended */
  async give(order: Buffer, stdin: LaunchRequest["stdin"]): Promise<Omit<Launched, "signal"> | undefined> {
    const ends = this.#ends;
    const orders = writer(ends.order);
    const given = await new Promise<boolean>((resolve) => {
      // The callback below gets the error too.
      orders.on("error", () => undefined);
      orders.write(order, (error) => resolve(!error));
    });
    orders.destroy();
    if (!given || stdin === "closed") closeSync(ends.stdin);
    if (!given) {
      for (const fd of [ends.stdout, ends.stderr]) closeSync(fd);
      return undefined;
    }
    return {
      pid: this.#pid,
      stdin: stdin === "open" ? writer(ends.stdin) : undefined,
      stdout: reader(ends.stdout),
      stderr: reader(ends.stderr),
      exited: this.exited,
    };
  }

  /** Closes the pipe ends without an order, which ends the process. */
  close(): void {
    for (const fd of Object.values(this.#ends)) closeSync(fd);
  }
}

/** Encodes an order for HOLDER_SCRIPT. @throws LaunchError if a field holds a NUL character */
export function orderFor({ stdin, user, cwd, cmd, args, env }: LaunchRequest): Buffer {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const fields = [stdin, user, cwd, String(args.length + 1), cmd, ...args, ...variables];
  if (fields.some((field) => field.includes("\0"))) {
    throw new LaunchError("a command and its environment cannot hold NUL characters");
  }
  const text = Buffer.from(fields.join("\0"));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text]);
}
