import { readArguments } from "./support/arguments.ts";
import { SAMPLES, makeRepository } from "./sample-remote/repositories.ts";
import { runMainJob } from "./support/main-job.ts";
import type { JobOperation, JobStep } from "./support/main-job.ts";
import { startStack } from "./harness/stack.ts";
import { STEP_HEADING, stepLine } from "./support/step-table.ts";

const USAGE = `npm run demo -- [--json]

Runs the main job (clone, status, edit, diff, pull, push, and all but clone once more) on a repository
of 2,000 files and 500 commits: the bundled Worker in workerd, the local sandbox host and a real git
server, all on free ports of 127.0.0.1. Prints for each step its wall time, the requests that reached
the sandbox and the sandbox host's control plane, and the calls of a Durable Object.
Exit code 1 when a step fails, or when status, diff, pull or push took other than 1 sandbox request or
more than 1 Durable Object call.

  --json   one JSON object: {ok, steps: [{op, wall_ms, sandbox_requests, control_requests, object_calls}]}`;

const WARM_ROUND: readonly JobOperation[] = ["status", "edit", "diff", "pull", "push"];

const { values } = readArguments(USAGE, {
  options: { help: { type: "boolean", short: "h" }, json: { type: "boolean" } },
});
if (values.help) console.log(USAGE);
else process.exitCode = await demo(values.json === true);

async function demo(json: boolean): Promise<number> {
  const stack = await startStack();
  try {
    await makeRepository(stack.git.root, "large", SAMPLES.large);
    if (!json) console.log(STEP_HEADING);
    const { ok, steps, faults } = await runMainJob({
      url: stack.url,
      repoUrl: `${stack.git.url}/large.git`,
      agentId: "demo",
      taskId: "main-job",
      operations: ["clone", ...WARM_ROUND, ...WARM_ROUND],
      counters: () => stack.host.counters(),
      boundsCosts: true,
      onStep: (step: JobStep) => !json && console.log(stepLine(step)),
    });
    if (json) console.log(JSON.stringify({ ok, steps }));
    for (const fault of faults) console.error(fault);
    return ok ? 0 : 1;
  } finally {
    await stack.close();
  }
}
