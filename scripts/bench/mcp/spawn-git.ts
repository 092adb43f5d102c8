import { spawn } from "node:child_process";

/** Returns the milliseconds from before the spawn until the output is read and git has ended. Rejects if git fails. */
export function spawnGit(tree: string, args: readonly string[]): Promise<number> {
  const env = { PATH: process.env.PATH, HOME: tree, LC_ALL: "C", GIT_CONFIG_NOSYSTEM: "1" };
  const startedAt = performance.now();
  const child = spawn("git", args, { cwd: tree, env, stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.resume();
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(performance.now() - startedAt);
      else reject(new Error(`git ${args[0]} exited with ${code}`));
    });
  });
}
