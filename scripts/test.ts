/**
 * `npm test`: the static checks, and at the same time every test that has not yet passed with the same inputs; `--all`,
 * CI and NIGHTLY: every test. `npm test -- <arguments>` runs only `vitest run <arguments>`. The last line is `N passed,
 * N failed` (and `, N skipped`, `, N unchanged`), where a static check counts as one test.
 */
import { join } from "node:path";
import { runChecks } from "./support/checks.ts";
import { summaryLine } from "./support/test-summary.ts";
import { ROOT } from "./support/tools.ts";
import { Checkout } from "./tests/inputs.ts";
import { machineKey } from "./tests/machine.ts";
import { timesOf } from "./tests/run-result.ts";
import { type Digests, PassedTests } from "./tests/unchanged.ts";
import { type Run, runVitest } from "./tests/vitest.ts";

const isNight = process.env["NIGHTLY"] !== undefined;

/** Groups that run at once: Durable Objects, file by file in one runtime, with much waiting; beside them the others. */
const SIDE_BY_SIDE = [
  {
    // Security tests make hostile calls for minutes: they run at night, and by name.
    projects: ["unit", "integration", "walk", ...(isNight ? ["security"] : [])],
    has: (file: string) => !file.endsWith(".workerd.test.ts"),
  },
  { projects: ["workerd", "workerd-pool", "workerd-keyed"], has: (file: string) => file.endsWith(".workerd.test.ts") },
] as const;

/** Result of the checks after a signal: the run does not wait for them, and counts them as failed. */
const CUT_OFF = { passed: 0, failed: 1 };
const told = Promise.withResolvers<typeof CUT_OFF>();

const { all, rest } = options(process.argv.slice(2));
await (rest.length > 0 ? runSome(rest) : runAll(all));

function options(args: readonly string[]): { all: boolean; rest: readonly string[] } {
  const isCi = !["", "0", "false", undefined].includes(process.env["CI"]);
  return { all: args.includes("--all") || isCi || isNight, rest: args.filter((arg) => arg !== "--all") };
}

async function runSome(args: readonly string[]): Promise<void> {
  conclude([await runVitest(args, "inherit")], { passed: 0, failed: 0 }, 0);
}

async function runAll(everything: boolean): Promise<void> {
  const passedTests = new PassedTests(join(ROOT, ".warmtree", "passed-tests.json"));
  const key = machineKey(process.env);
  const before = digests(key);
  const { toRun, files, tests } = passedTests.unchanged(everything ? new Map() : before);
  if (files > 0) console.log(`${tests} tests in ${files} files are unchanged since they passed: npm test -- --all`);

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => told.resolve(CUT_OFF));
  }
  const checking = runChecks();
  const groups = SIDE_BY_SIDE.map(({ projects, has }) => ({ projects, own: toRun.filter(has) }))
    // Without known results, vitest finds the files by itself.
    .filter(({ own }) => files === 0 || own.length > 0)
    .map(({ projects, own }) => [...projects.flatMap((name) => ["--project", name]), ...(files === 0 ? [] : own)]);
  const [shown, ...others] = groups;
  const later = others.map((args) => runVitest(args, "pipe"));
  const runs = shown ? [await runVitest(shown, "inherit")] : [];
  for (const each of later) {
    const run = await each;
    process.stdout.write(run.output);
    runs.push(run);
  }
  const checks = await Promise.race([checking, told.promise]);

  const after = digests(key);
  // A run with an error outside of the test files proves nothing.
  const whole = runs.filter(({ result, brokeOff }) => result.stray === 0 && !brokeOff);
  passedTests.keep(
    before,
    after,
    whole.flatMap(({ result }) => result.files),
  );
  for (const line of timesOf(runs.flatMap(({ result }) => result.files))) console.log(line);
  conclude(runs, checks, tests);
  if (checks === CUT_OFF) process.exit();
}

/** Returns no digests if git cannot list the checkout's files: then every test runs. */
function digests(key: string): Digests {
  try {
    const checkout = Checkout.of(ROOT);
    const tests = checkout.tests().filter((file) => isNight || !file.startsWith("test/security/"));
    return new Map(tests.map((file) => [file, checkout.digestOf(file, key)]));
  } catch {
    return new Map();
  }
}

function conclude(runs: readonly Run[], checks: { passed: number; failed: number }, unchanged: number): void {
  const sum = (key: "passed" | "failed" | "skipped") => runs.reduce((total, { result }) => total + result[key], 0);
  const broken = runs.filter(({ brokeOff }) => brokeOff).length;
  if (broken > 0) console.error("tests broke off, or there were none to run");
  const failed = checks.failed + sum("failed") + broken;
  const line = summaryLine({ passed: checks.passed + sum("passed"), failed, skipped: sum("skipped") });
  console.log(unchanged > 0 ? `${line}, ${unchanged} unchanged` : line);
  process.exitCode = failed > 0 ? 1 : 0;
}
