import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { GIT_ENVIRONMENT } from "../../src/ops/environment.ts";

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/**
 * Runs git with the settings of sandboxes, except that a partial clone fetches missing objects by itself.
 * Rejects with git's own output.
 * @returns stdout without the last line's end
 */
export async function git(folder: string, args: readonly string[], input: string | Uint8Array = ""): Promise<string> {
  const env = { ...GIT_ENVIRONMENT, GIT_NO_LAZY_FETCH: "0", PATH: process.env.PATH, HOME: folder };
  const running = promisify(execFile)("git", args, { cwd: folder, env, maxBuffer: MAX_OUTPUT_BYTES });
  // A git that ends early, or reads no input, closes the pipe; its exit code shows whether it failed.
  running.child.stdin?.on("error", () => undefined).end(input);
  return (await running).stdout.trimEnd();
}
