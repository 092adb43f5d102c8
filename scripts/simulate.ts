import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { compare } from "./simulate/compare.ts";
import { meanMonth, playMonth } from "./simulate/month.ts";
import { monthsOf, readOptions, type SimulateOptions, tracesOf, USAGE } from "./simulate/options.ts";
import { lineTable, monthTable } from "./simulate/tables.ts";
import { picture } from "./simulate/picture.ts";

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else simulate(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function simulate(options: SimulateOptions): void {
  if (options.budgetUsd !== undefined) return simulateBudget(options, options.budgetUsd);
  const traces = tracesOf(options);
  const lines = compare(traces);
  if (options.svg !== undefined) writeFileSync(options.svg, picture(lines, titleOf(options)));
  console.log(options.json ? JSON.stringify(lines) : lineTable(lines));
}

function simulateBudget(options: SimulateOptions, limitUsd: number): void {
  const months = monthsOf(options);
  const lines = (["none", "stop", "budget"] as const).map((brake) =>
    meanMonth(months.map((trace) => playMonth(trace, limitUsd, brake))),
  );
  console.log(options.json ? JSON.stringify(lines) : monthTable(lines));
}

function titleOf({ trace, workload }: SimulateOptions): string {
  return trace === undefined
    ? `Cost against waiting: ${workload} sessions a day`
    : `Cost against waiting: ${basename(trace)}`;
}
