/**
 * Spawns git and says how long it took, for a parent that asks over IPC. A process of its own with as little memory as
 * can be: spawning copies page tables, so git would look slower the more its parent holds.
 */
import { spawn } from "node:child_process";

export interface RawRequest {
  readonly id: number;
  readonly tree: string;
  readonly args: readonly string[];
}

export interface RawAnswer {
  readonly id: number;
  readonly exitCode: number | null;
  /** From before the spawn until the output is read and the process is gone. */
  readonly ms: number;
}

process.on("message", ({ id, tree, args }: RawRequest) => {
  const env = { PATH: process.env.PATH, HOME: tree, LC_ALL: "C", GIT_CONFIG_NOSYSTEM: "1" };
  const startedAt = performance.now();
  const child = spawn("git", args, { cwd: tree, env, stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.resume();
  child.on("error", (error) => {
    throw error;
  });
  child.on("close", (exitCode) => {
    process.send?.({ id, exitCode, ms: performance.now() - startedAt } satisfies RawAnswer);
  });
});
