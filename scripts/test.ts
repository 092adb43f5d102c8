/**
 * `npm test`: the static checks, then every test. `npm test -- <arguments>` runs `vitest run <arguments>` alone.
 * The last line is `N passed, N failed` (and `, N skipped`), where a static check counts as one test.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChecks } from "./support/checks.ts";
import { endWithParent } from "./support/processes.ts";
import { SUMMARY_FILE_VARIABLE, summaryLine, summarySchema } from "./support/test-summary.ts";
import type { Summary } from "./support/test-summary.ts";
import { toolEnvironment, toolPath } from "./support/tools.ts";

/** Minutes of hostile calls: at night, and by name. */
const NIGHTLY = process.env["NIGHTLY"] === undefined ? [] : ["--project", "security"];
/** Durable Objects are tested in one runtime, file by file, and wait much; the others fill the machine beside that. */
const SIDE_BY_SIDE = [
  ["--project", "unit", "--project", "integration", "--project", "walk", ...NIGHTLY],
  ["--project", "workerd", "--project", "workerd-pool"],
] as const;

const args = process.argv.slice(2);
const checks = args.length === 0 ? await runChecks() : { passed: 0, failed: 0 };
const [shown, ...others] = args.length === 0 ? SIDE_BY_SIDE : [args];
const later = others.map((projects) => runVitest(projects, "pipe"));
const runs = [await runVitest(shown, "inherit")];
for (const each of later) {
  const run = await each;
  process.stdout.write(run.output);
  runs.push(run);
}

const sum = (count: (run: Run) => number) => runs.reduce((total, run) => total + count(run), 0);
const passed = checks.passed + sum(({ summary }) => summary.passed);
// A run that broke off (or found nothing to run) must not look like a success to somebody who reads only the line.
const brokeOff = ({ code, summary }: Run) => summary.failed === 0 && (code !== 0 || summary.passed === 0);
const failed = checks.failed + sum((run) => (brokeOff(run) ? 1 : run.summary.failed));
if (runs.some(brokeOff)) console.error("tests broke off, or there were none to run");
console.log(summaryLine({ passed, failed, skipped: sum(({ summary }) => summary.skipped) }));
process.exitCode = failed > 0 ? 1 : 0;

interface Run {
  readonly code: number;
  readonly summary: Summary;
  /** What it wrote, where that was not shown as it came. */
  readonly output: string;
}

async function runVitest(vitestArgs: readonly string[], output: "inherit" | "pipe"): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "warmtree-test-"));
  const file = join(folder, "summary.json");
  try {
    const written: Buffer[] = [];
    const code = await new Promise<number>((resolve, reject) => {
      // Tests start scripts, which import shell files as text: see run.mjs.
      const NODE_OPTIONS = `--import ${new URL("support/text-imports.mjs", import.meta.url).href}`;
      const env = { ...toolEnvironment(), NODE_OPTIONS, [SUMMARY_FILE_VARIABLE]: file };
      const child = spawn(toolPath("vitest"), ["run", ...vitestArgs], { stdio: ["inherit", output, output], env });
      for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => written.push(chunk));
      endWithParent(child);
      child.on("error", reject);
      child.on("close", (exited) => resolve(exited ?? 1));
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
    });
    return { code, summary: readSummary(file), output: Buffer.concat(written).toString() };
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
