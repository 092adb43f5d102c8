import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";
import { SUMMARY_FILE_VARIABLE, summaryLine } from "../../scripts/support/test-summary.ts";
import type { Summary } from "../../scripts/support/test-summary.ts";

/** Ends the report with one plain line of counts, or writes them as JSON to the file of SUMMARY_FILE_VARIABLE. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const summary = summarize(modules, unhandledErrors.length);
    const file = process.env[SUMMARY_FILE_VARIABLE];
    if (file) writeFileSync(file, JSON.stringify(summary));
    // The default reporter prints its own summary in the same event; this line must come after it.
    else setImmediate(() => console.log(summaryLine(summary)));
  }
}

/** Counts tests; a file that cannot load, a suite's failing hook and an unhandled error count as one failure each. */
function summarize(modules: readonly TestModule[], unhandledErrors: number): Summary {
  const summary = { passed: 0, failed: unhandledErrors, skipped: 0 };
  for (const module of modules) {
    summary.failed += module.errors().length;
    for (const suite of module.children.allSuites()) summary.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      // A test still pending when the run ends was cut off.
      if (state === "pending") summary.failed += 1;
      else summary[state] += 1;
    }
  }
  return summary;
}
