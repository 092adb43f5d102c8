import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";
import { SUMMARY_FILE_VARIABLE, summaryLine } from "../../scripts/support/test-summary.ts";
import type { FileResult, RunResult } from "../../scripts/tests/run-result.ts";

/** Ends the report with one plain line of counts, or writes them as JSON to the file of SUMMARY_FILE_VARIABLE. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const result = summarize(modules.map(resultOf), unhandledErrors.length);
    const file = process.env[SUMMARY_FILE_VARIABLE];
    if (file) writeFileSync(file, JSON.stringify(result));
    // The default reporter prints its own summary in the same event; this line must come after it.
    else setImmediate(() => console.log(summaryLine(result)));
  }
}

/** An unhandled error counts as one failure. */
function summarize(files: FileResult[], stray: number): RunResult {
  const sum = (key: "passed" | "failed" | "skipped") => files.reduce((total, file) => total + file[key], 0);
  return { passed: sum("passed"), failed: sum("failed") + stray, skipped: sum("skipped"), stray, files };
}

/** Counts tests; a file that cannot load and a suite's failing hook count as one failure each. */
function resultOf(module: TestModule): FileResult {
  const counts = { passed: 0, failed: module.errors().length, skipped: 0 };
  for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    // A test that is still pending when the run ends was cut off.
    if (state === "pending") counts.failed += 1;
    else counts[state] += 1;
  }
  const { duration, collectDuration, setupDuration } = module.diagnostic();
  const seconds = (duration + collectDuration + setupDuration) / 1000;
  return { project: module.project.name, file: module.relativeModuleId, ...counts, seconds };
}
