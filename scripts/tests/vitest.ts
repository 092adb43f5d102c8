import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { endWithParent } from "../support/processes.ts";
import { SUMMARY_FILE_VARIABLE } from "../support/test-summary.ts";
import { toolEnvironment, toolPath } from "../support/tools.ts";
import { folderOfTests, thisMachine } from "./memory.ts";
import { type RunResult, runResultSchema } from "./run-result.ts";

export interface Run {
  readonly result: RunResult;
  /** Whether the run broke off, or found no tests: the counts alone would look like a success. */
  readonly brokeOff: boolean;
  /** Output of the run, unless it was printed already. */
  readonly output: string;
}

/** Runs `vitest run` with these arguments to its end. */
export async function runVitest(vitestArgs: readonly string[], output: "inherit" | "pipe"): Promise<Run> {
  const folder = mkdtempSync(join(folderOfTests(process.env, thisMachine()), "warmtree-test-"));
  // Sandboxes run as other users, who must be able to pass through this folder, as through /tmp.
  chmodSync(folder, 0o755);
  const file = join(folder, "summary.json");
  try {
    const written: Buffer[] = [];
    const code = await new Promise<number>((resolve, reject) => {
      // Tests start scripts, which import shell files as text: see run.mjs.
      const NODE_OPTIONS = `--import ${new URL("../support/text-imports.mjs", import.meta.url).href}`;
      // Files that a test leaves are removed with this folder.
      const env = { ...toolEnvironment(), TMPDIR: folder, NODE_OPTIONS, [SUMMARY_FILE_VARIABLE]: file };
      const child = spawn(toolPath("vitest"), ["run", ...vitestArgs], { stdio: ["inherit", output, output], env });
      for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => written.push(chunk));
      endWithParent(child);
      child.on("error", reject);
      child.on("close", (exited) => resolve(exited ?? 1));
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
    });
    const result = readResult(file);
    const brokeOff = result.failed === 0 && (code !== 0 || result.passed + result.skipped === 0);
    return { result, brokeOff, output: Buffer.concat(written).toString() };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Returns an empty result if vitest wrote none: it found no test file, or broke off. */
function readResult(file: string): RunResult {
  try {
    return runResultSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return { passed: 0, failed: 0, skipped: 0, stray: 0, files: [] };
  }
}
