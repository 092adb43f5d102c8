import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readArguments } from "./support/arguments.ts";
import { drive } from "./faults/drive.ts";
import type { Row } from "./faults/drive.ts";
import { FAULTS } from "./faults/faults.ts";
import { KNOWN } from "./faults/known.ts";
import { REPOSITORY } from "./faults/scene.ts";
import { markdown, withTable } from "./faults/table.ts";
import { makeRepository } from "./sample-remote/repositories.ts";
import { startStack } from "./harness/stack.ts";
import { summaryLine } from "./support/test-summary.ts";
import { ROOT } from "./support/tools.ts";

const PAGE = "docs/reliability.md";
const USAGE = `npm run test:faults -- [--json] [--write] [--only <text>]

Brings operations upon faults: the bundled Worker in workerd, the local sandbox host and a git remote, whose switches
make the faults. Prints for each pair the answer, what it tells of the work, how often the hosts were asked (processes
started in the sandbox / sandboxes created or resumed / requests to the git host), and what the same call answers
after the fault. Takes some minutes. Exit code 1 when a rule is broken (scripts/faults/rules.ts) that
scripts/faults/known.ts does not name, or when what it names is right by now.

  --json   one JSON object: {ok, rows: [{fault, operation, first, again, between, after, tries, broken}]}
  --write  puts the table into ${PAGE}
  --only   faults whose name has this text`;

const { values } = readArguments(USAGE, {
  options: {
    help: { type: "boolean", short: "h" },
    json: { type: "boolean" },
    write: { type: "boolean" },
    only: { type: "string", default: "" },
  },
});
if (values.help) console.log(USAGE);
else process.exitCode = await faults(values.json === true, values.write === true, values.only);

async function faults(json: boolean, write: boolean, only: string): Promise<number> {
  // One retry is enough to show that there are retries, and ends within a second.
  const stack = await startStack({ bindings: { E2B_MAX_SANDBOXES: "1000", GIT_SANDBOX_MAX_RETRIES: "1" } });
  const rows: Row[] = [];
  let failed = 0;
  try {
    await makeRepository(stack.git.root, REPOSITORY, { files: 20, commits: 3 });
    for (const fault of FAULTS.filter(({ name }) => name.includes(only))) {
      for (const operation of fault.operations) {
        const row = await drive(stack, fault, operation, rows.length);
        rows.push(row);
        const wrong = wrongOf(row);
        if (wrong.length > 0) failed += 1;
        if (!json) report(row, wrong);
      }
    }
  } finally {
    await stack.close();
  }
  const table = markdown(rows);
  if (write) await writeFile(join(ROOT, PAGE), withTable(await readFile(join(ROOT, PAGE), "utf8"), table));
  if (json) console.log(JSON.stringify({ ok: failed === 0, rows }));
  else console.log(`\n${table}\n\n${summaryLine({ passed: rows.length - failed, failed, skipped: 0 })}`);
  return failed === 0 ? 0 : 1;
}

/** Returns the reasons why a row fails the run. */
function wrongOf({ fault, operation, broken }: Row): readonly string[] {
  const isKnown = KNOWN.some((known) => known.fault === fault && known.operation === operation);
  if (!isKnown) return broken;
  return broken.length > 0 ? [] : ["breaks no rule any more: remove it from scripts/faults/known.ts"];
}

function report({ fault, operation, first, again }: Row, wrong: readonly string[]): void {
  const line = `${fault}: ${operation} answers ${first.code}, then ${again.code}`;
  if (wrong.length === 0) console.log(`ok      ${line}`);
  else console.error(`FAILED  ${line}: ${wrong.join("; ")}`);
}
