import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { signal } from "./census.ts";
import { reader, writer } from "./fd.ts";
import { type ExitStatus, type Launched, LaunchError, type StdinMode } from "./machine.ts";
import type { Pipe, PipePool } from "./pipes.ts";

/** Spawns in a session of its own, with real pipes as stdio. @throws LaunchError */
export function spawnLaunched(
  pipes: PipePool,
  cmd: string,
  args: readonly string[],
  stdin: StdinMode,
  options: Pick<SpawnOptions, "cwd" | "env">,
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
    signal: (name) => signal(-pid, name),
  };
}

function exitOf(child: ChildProcess): Promise<ExitStatus> {
  return new Promise((resolve) => {
    child.once("exit", (code, by) => resolve({ code, signal: by }));
    // A spawn that failed has no exit; the caller sees it from the missing pid.
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
