import { readArguments } from "./support/arguments.ts";
import { EXPECTED, PRODUCT_SCENARIOS, REVISIONS, TARGETS } from "./conformance/expected.ts";
import type { Revision, Target } from "./conformance/expected.ts";
import { startKeyProxy } from "./conformance/key-proxy.ts";
import { requiredScenarios, runSuite } from "./conformance/suite.ts";
import type { Check } from "./conformance/suite.ts";
import { judge } from "./conformance/verdict.ts";
import type { Verdict } from "./conformance/verdict.ts";
import { Cleanups } from "./support/cleanups.ts";
import { DEV_KEY } from "./support/client.ts";
import { startStack } from "./harness/stack.ts";

const USAGE = `npm run conformance -- [--json]

Runs the server scenarios of the MCP conformance suite against the bundled Worker in workerd, for each
protocol revision twice: against /mcp, as far as a scenario can be run on any server, and against a build
that adds the tools, prompts and resources which the suite names, behind the same transport. Warnings
count as failures. Exit code 1 when anything fails that is not expected to (scripts/conformance/expected.ts
says what and why), and when something passes that was expected to fail.

  --json   one JSON object: {ok, runs: [{target, revision, scenarios, passed, expected, unexpected, stale}]}`;

const FIXTURE = "test/fixtures/mcp/index.ts";

interface Run extends Verdict {
  readonly target: Target;
  readonly revision: Revision;
}

const { values } = readArguments(USAGE, {
  options: { help: { type: "boolean", short: "h" }, json: { type: "boolean" } },
});
if (values.help) console.log(USAGE);
else process.exitCode = await conformance(values.json === true);

async function conformance(json: boolean): Promise<number> {
  const cleanups = new Cleanups();
  try {
    const product = await startStack();
    cleanups.add(() => product.close());
    const proxy = await startKeyProxy(product.url, DEV_KEY);
    cleanups.add(() => proxy.close());
    const fixture = await startStack({ entry: FIXTURE });
    cleanups.add(() => fixture.close());

    const urls = { product: `${proxy.url}/mcp`, fixture: `${fixture.url}/fixture` };
    const runs: Run[] = [];
    if (!json) console.log("target   revision    scenarios  checks passed  expected failures");
    for (const target of TARGETS) {
      for (const revision of REVISIONS) {
        const checks = await runTarget(target, urls[target], revision);
        const run = { target, revision, ...judge(checks, EXPECTED[target][revision]) };
        if (!json) console.log(line(run));
        runs.push(run);
      }
    }
    const ok = runs.every(({ unexpected, stale }) => unexpected.length === 0 && stale.length === 0);
    if (json) console.log(JSON.stringify({ ok, runs }));
    else report(runs);
    return ok ? 0 : 1;
  } finally {
    await cleanups.run();
  }
}

async function runTarget(target: Target, url: string, revision: Revision): Promise<Check[]> {
  if (target === "fixture") return runSuite(url, revision, await requiredScenarios(revision));
  const checks: Check[] = [];
  for (const scenario of PRODUCT_SCENARIOS[revision]) {
    checks.push(...(await runSuite(url, revision, [scenario], scenario)));
  }
  return checks;
}

function line({ target, revision, scenarios, passed, expected }: Run): string {
  const counts = [String(scenarios).padStart(9), String(passed).padStart(14), String(expected.length).padStart(18)];
  return `${target.padEnd(8)} ${revision} ${counts.join(" ")}`;
}

function report(runs: readonly Run[]): void {
  for (const { target, revision, expected, unexpected, stale } of runs) {
    const about = `${target} ${revision}`;
    for (const { entry, reason } of expected) console.log(`expected    ${about}  ${entry}: ${reason}`);
    for (const failure of unexpected) console.error(`NOT EXPECTED ${about}  ${failure}`);
    for (const entry of stale) console.error(`PASSES NOW  ${about}  ${entry}: remove it from expected.ts`);
  }
}
