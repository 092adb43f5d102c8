/**
 * `npm test`: the static checks, then every test. `npm test -- <arguments>` runs `vitest run <arguments>` alone.
 * The last line is `N passed, N failed` (and `, N skipped`), where a static check counts as one test.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChecks } from "./support/checks.ts";
import { SUMMARY_FILE_VARIABLE, summaryLine, summarySchema } from "./support/test-summary.ts";
import type { Summary } from "./support/test-summary.ts";
import { toolEnvironment, toolPath } from "./support/tools.ts";

const args = process.argv.slice(2);
const checks = args.length === 0 ? await runChecks() : { passed: 0, failed: 0 };
const { code, summary } = await runVitest(args);

const passed = checks.passed + summary.passed;
// A run that broke off (or found nothing to run) must not look like a success to somebody who reads only the line.
const failed = Math.max(checks.failed + summary.failed, code === 0 && summary.passed > 0 ? 0 : 1);
if (summary.passed + summary.failed === 0) console.error("no test ran");
console.log(summaryLine({ passed, failed, skipped: summary.skipped }));
process.exitCode = failed > 0 ? 1 : 0;

async function runVitest(vitestArgs: readonly string[]): Promise<{ code: number; summary: Summary }> {
  const folder = mkdtempSync(join(tmpdir(), "warmtree-test-"));
  const file = join(folder, "summary.json");
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      const env = { ...toolEnvironment(), [SUMMARY_FILE_VARIABLE]: file };
      const child = spawn(toolPath("vitest"), ["run", ...vitestArgs], { stdio: "inherit", env });
      child.on("error", reject);
      child.on("exit", (exited) => resolve(exited ?? 1));
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
    });
    return { code: exitCode, summary: readSummary(file) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** vitest ends without a summary when it finds no test file or breaks off. */
function readSummary(file: string): Summary {
  try {
    return summarySchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}
