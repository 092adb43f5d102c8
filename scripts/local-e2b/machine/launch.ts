import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import type { Pipe, PipePool } from "./pipes.ts";

/** `closed`: the process reads end of file from the start, as from /dev/null. */
export type StdinMode = "open" | "closed";

export interface ExitStatus {
  /** Null when a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Launched {
  readonly pid: number;
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when the process itself is gone; its output may still be open in other processes. */
  readonly exited: Promise<ExitStatus>;
}

export class LaunchError extends Error {
  override readonly name = "LaunchError";
}

/** Spawns in a session of its own, with real pipes as stdio. @throws LaunchError */
export function launch(
  pipes: PipePool,
  cmd: string,
  args: readonly string[],
  stdin: StdinMode,
  options: Pick<SpawnOptions, "cwd" | "env" | "uid" | "gid">,
): Launched {
  const input = stdin === "open" ? pipes.take() : undefined;
  const output = pipes.take();
  const errors = pipes.take();
  const child = spawn(cmd, args, {
    ...options,
    detached: true,
    stdio: [
      input?.readFd ?? (stdin === "open" ? "pipe" : "ignore"),
      output?.writeFd ?? "pipe",
      errors?.writeFd ?? "pipe",
    ],
  });
  const exited = exitOf(child);
  closeChildEnds(input, output, errors);
  if (child.pid === undefined) {
    closeOwnEnds(input, output, errors);
    throw new LaunchError(`the operating system refused to start '${cmd}'`);
  }
  return {
    pid: child.pid,
    stdin: input === undefined ? (child.stdin ?? undefined) : writer(input),
    stdout: output === undefined ? present(child.stdout) : reader(output),
    stderr: errors === undefined ? present(child.stderr) : reader(errors),
    exited,
  };
}

function exitOf(child: ChildProcess): Promise<ExitStatus> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    // A spawn that failed has no exit; the caller sees it from the missing pid.
    child.once("error", () => resolve({ code: 127, signal: null }));
  });
}

function closeChildEnds(input: Pipe | undefined, ...outputs: (Pipe | undefined)[]): void {
  if (input !== undefined) closeSync(input.readFd);
  for (const pipe of outputs) if (pipe !== undefined) closeSync(pipe.writeFd);
}

function closeOwnEnds(input: Pipe | undefined, ...outputs: (Pipe | undefined)[]): void {
  if (input !== undefined) closeSync(input.writeFd);
  for (const pipe of outputs) if (pipe !== undefined) closeSync(pipe.readFd);
}

function reader(pipe: Pipe): Readable {
  return new Socket({ fd: pipe.readFd, readable: true, writable: false });
}

function writer(pipe: Pipe): Writable {
  return new Socket({ fd: pipe.writeFd, readable: false, writable: true });
}

function present<T>(stream: T | null): T {
  if (stream === null) throw new LaunchError("the process was started without a pipe");
  return stream;
}
