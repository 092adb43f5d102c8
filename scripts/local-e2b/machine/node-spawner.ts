import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { Guard } from "./guard.mjs";
import { signal } from "./census.ts";
import { reader, writer } from "./fd.ts";
import { type ExitStatus, type Launched, LaunchError, type LaunchRequest, type Spawner } from "./machine.ts";
import { type Pipe, PipePool } from "./pipes.ts";

let guard: Guard | undefined;

/** Starts processes as children of Node, on machines without Perl, which would be faster. */
export async function nodeSpawner(pipesDirectory: string): Promise<Spawner> {
  const pipes = new PipePool(pipesDirectory);
  await pipes.fill();
  return {
    launch: async (request) => {
      try {
        return spawnOne(pipes, request);
      } catch (error) {
        if (!(error instanceof LaunchError)) throw error;
        // A missing program is not a failed call but exit code 127; a shell prints the usual message.
        const { cmd, args } = request;
        return spawnOne(pipes, { ...request, cmd: "/bin/sh", args: ["-c", 'exec "$@"', "sh", cmd, ...args] });
      }
    },
    close: () => Promise.resolve(),
  };
}

/** Starts a process in its own session, with real pipes as stdio. @throws LaunchError */
function spawnOne(pipes: PipePool, { cmd, args, cwd, env, stdin }: LaunchRequest): Launched {
  const input = stdin === "open" ? pipes.take() : undefined;
  const output = pipes.take();
  const errors = pipes.take();
  const child = spawn(cmd, args, {
    cwd,
    env,
    detached: true,
    stdio: [
      input?.readFd ?? (stdin === "open" ? "pipe" : "ignore"),
      output?.writeFd ?? "pipe",
      errors?.writeFd ?? "pipe",
    ],
  });
  if (child.pid !== undefined) guardGroup(child, -child.pid);
  const exited = exitOf(child);
  closeAll(input?.readFd, output?.writeFd, errors?.writeFd);
  const { pid } = child;
  if (pid === undefined) {
    closeAll(input?.writeFd, output?.readFd, errors?.readFd);
    throw new LaunchError(`the operating system refused to start '${cmd}'`);
  }
  return {
    pid,
    stdin: input === undefined ? (child.stdin ?? undefined) : writer(input.writeFd),
    stdout: ownEnd(output, child.stdout),
    stderr: ownEnd(errors, child.stderr),
    exited,
    signal: (name) => signal(reached(pid), name),
  };
}

/**
 * Returns the target of a signal: the process alone, as in envd; without /proc, which shows an operation its remaining
 * processes, the process group.
 */
const reached = (pid: number): number => (process.platform === "linux" ? pid : -pid);

/** Makes the guard kill the process group when this host ends, for any reason. */
function guardGroup(child: ChildProcess, group: number): void {
  guard ??= new Guard("KILL", () => process.kill(process.pid, "SIGTERM"));
  guard.add(group);
  child.once("exit", () => {
    if (!isPresent(group)) guard?.drop(group);
  });
}

function isPresent(group: number): boolean {
  try {
    process.kill(group, 0);
    return true;
  } catch {
    return false;
  }
}

function exitOf(child: ChildProcess): Promise<ExitStatus> {
  return new Promise((resolve) => {
    child.once("exit", (code, by) => resolve({ code, signal: by }));
    // A failed spawn has no exit event; the caller sees the missing pid.
    child.once("error", () => resolve({ code: 127, signal: null }));
  });
}

function closeAll(...fds: (number | undefined)[]): void {
  for (const fd of fds) if (fd !== undefined) closeSync(fd);
}

function ownEnd(pipe: Pipe | undefined, stream: Launched["stdout"] | null): Launched["stdout"] {
  if (pipe !== undefined) return reader(pipe.readFd);
  if (stream === null) throw new LaunchError("the process was started without a pipe");
  return stream;
}
