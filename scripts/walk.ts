import { readFile } from "node:fs/promises";
import { readArguments } from "./support/arguments.ts";
import * as z from "zod/v4";
import { STEPS_A_WALK } from "../test/walk/generate.ts";
import { isGood, reportJson, reportText } from "../test/walk/report.ts";
import { runWalks } from "../test/walk/run.ts";
import { walkSchema } from "../test/walk/steps.ts";

const USAGE = `npm run test:walk -- [--seed <n>] [--steps <n>] [--json] [--replay <file>]

Random walks: agents over HTTP, and a person with plain git, on one remote. After every step what the service answers is
held to plain git, and the remote to what push and pull promise. A walk that fails is made as short as it can be, and
printed at once, as lines for a shell. Exit code 1 when something is not as promised that test/walk/known.ts does not name, or
when something that it names no longer occurs: each run begins with the walks that show those. Ctrl-C ends the run after
the walks at hand, with its report.

  --seed <n>       of the first walk; the next ones follow (default: 1)
  --steps <n>      in all, at most ${STEPS_A_WALK} a walk (default: 300)
  --replay <file>  plays one walk, as --json prints it (failures[].walk)
  --json           {ok, walks, steps, seconds, operations, events, known, stale,
                   failures: [{rule, operation, detail, seed, count, walk, trace}]}; progress goes to stderr`;

const { values } = readArguments(USAGE, {
  options: {
    help: { type: "boolean", short: "h" },
    seed: { type: "string", default: "1" },
    steps: { type: "string", default: "300" },
    replay: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
if (values.help) console.log(USAGE);
else {
  const count = z.coerce.number().int().min(1);
  const walk =
    values.replay === undefined ? undefined : walkSchema.parse(JSON.parse(await readFile(values.replay, "utf8")));
  const options = { seed: count.parse(values.seed), steps: count.parse(values.steps), walk };
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => stop.abort());
  const run = await runWalks({ ...options, signal: stop.signal, say: values.json ? console.error : console.log });
  console.log(values.json ? reportJson(run) : reportText(run));
  process.exitCode = isGood(run) ? 0 : 1;
}
