import { readArguments } from "../support/arguments.ts";
import * as z from "zod/v4";
import { Recorder } from "../../src/metrics/recorder.ts";
import { makeRepository } from "../sample-remote/repositories.ts";
import { callOperation } from "../support/client.ts";
import { type Stack, startStack } from "../harness/stack.ts";
import { localBindings } from "../support/local-services.ts";
import { startWorkerd } from "../support/workerd.ts";
import { compared, type Comparison, type Quantiles, rounded, timed } from "./metrics-compare.ts";

const USAGE = `npm run bench:metrics -- [--rounds <n>] [--json]

What recording costs an operation: two Workers that differ in nothing but METRICS_SHARDS (1: on, 0: off) share a
sandbox host and a git server and serve the same calls in turn: a status, and a status of a workspace that is
not there, which is the same path without git and its spread. Then 500 operations at once, and how many
flushes they cause. Exit code 1 unless it is shown that recording costs less than 1 ms (p50 of both, p99 of the one
without git; with a certainty of 95%), or when a count is wrong, or when there were more than 10 flushes.

  --rounds <n>   measured statuses of each Worker (default: 300); a hundred times as many without git,
                 for a p99 of few calls is that of the machine's moods. Some two minutes
  --json         one JSON object: {status: {rounds, on: {p50_ms, p99_ms}, off: {…}, difference: {…}, from: {…},
                 to: {…}}, without_git: {…}, record_us, burst: {operations, counted, flushes, wall_ms}};
                 differences are medians of those that twenty parts of the run show, from and to their bounds`;

const ROUNDS_WITHOUT_GIT = 100;
const BURST = 500;
const MOST_FLUSHES = 10;
const MOST_MS = 1;
/** Time for the last window, and for a busy machine. */
const COUNTED_WITHIN_MS = 10_000;
const RECORDINGS = 200_000;
const NO_WORKSPACE = "s0-00000000000000000000";

const { values: options } = readArguments(USAGE, {
  options: {
    help: { type: "boolean", short: "h" },
    rounds: { type: "string", default: "300" },
    json: { type: "boolean" },
  },
});
if (options.help) console.log(USAGE);
else process.exitCode = await bench(z.coerce.number().int().min(100).parse(options.rounds), options.json === true);

async function bench(rounds: number, json: boolean): Promise<number> {
  // Without namespaces the sandbox works faster; its work is not measured.
  const stack = await startStack({
    isolation: "none",
    bindings: { METRICS_SHARDS: "1", MAX_OPERATIONS_PER_TENANT: String(BURST) },
  });
  try {
    await makeRepository(stack.git.root, "one", { files: 50, commits: 5 });
    const result = { ...(await overhead(stack, rounds)), record_us: recordingUs(), burst: await burst(stack) };
    console.log(json ? JSON.stringify(result) : tableOf(result));
    const faults = faultsOf(result);
    for (const fault of faults) console.error(fault);
    return faults.length === 0 ? 0 : 1;
  } finally {
    await stack.close();
  }
}

function faultsOf({ status: whole, without_git: path, burst: { counted, flushes } }: Result): string[] {
  const costs: [name: string, bound: keyof Quantiles, comparison: Comparison][] = [
    ["status", "p50_ms", whole],
    ["without git", "p50_ms", path],
    ["without git", "p99_ms", path],
  ];
  return [
    ...costs
      .filter(([, bound, { to }]) => to[bound] >= MOST_MS)
      .map(([name, bound, { from }]) =>
        from[bound] >= MOST_MS
          ? `${name}: recording adds ${from[bound]} ms or more to ${bound.slice(0, 3)}`
          : `${name}: the machine is too busy to tell what recording adds to ${bound.slice(0, 3)}`,
      ),
    ...(counted === BURST ? [] : [`${counted} of ${BURST} operations were counted`]),
    ...(flushes <= MOST_FLUSHES ? [] : [`${flushes} flushes, not ${MOST_FLUSHES} at most`]),
  ];
}

/** Returns the latencies with recording on and off. */
async function overhead(stack: Stack, rounds: number) {
  const bindings = { ...localBindings(stack.host.url, stack.git.url), METRICS_SHARDS: "0" };
  const off = await startWorkerd({ bindings });
  try {
    const sandboxes = { on: await cloned(stack.url, stack), off: await cloned(off.url, stack) };
    const calls = {
      on: () => status(stack.url, sandboxes.on, 200),
      off: () => status(off.url, sandboxes.off, 200),
    };
    const callsWithoutGit = {
      on: () => status(stack.url, NO_WORKSPACE, 404),
      off: () => status(off.url, NO_WORKSPACE, 404),
    };
    const many = rounds * ROUNDS_WITHOUT_GIT;
    console.error(`status, ${rounds} times each way …`);
    const whole = await compared(calls, rounds);
    console.error(`the same without git, ${many} times each way …`);
    return { status: whole, without_git: await compared(callsWithoutGit, many) };
  } finally {
    await off.close();
  }
}

async function cloned(url: string, stack: Stack): Promise<string> {
  const { json } = await callOperation(url, "clone", { repo_url: `${stack.git.url}/one.git`, agent_id: "bench" });
  return z.object({ sandbox_id: z.string() }).parse(json).sandbox_id;
}

async function status(url: string, sandbox_id: string, expected: number): Promise<void> {
  const answer = await callOperation(url, "status", { sandbox_id });
  if (answer.status !== expected) throw new Error(`status answered ${answer.status}: ${JSON.stringify(answer.json)}`);
}

/** Measures the path's own work: the counts of one successful operation, without the flush. */
function recordingUs(): number {
  const recorder = new Recorder();
  // The flush does nothing, and its promise is ignored, as if the request never ended.
  const add = (): Promise<void> => Promise.resolve();
  const recording = {
    env: { METRICS: { getByName: () => ({ add }) } },
    config: { metricsShards: 1 },
    waitUntil: () => {},
  };
  const startedAt = performance.now();
  for (let n = 0; n < RECORDINGS; n++) {
    recorder.increment(recording, "git_operations_total", { operation: "status", status: "started" });
    recorder.increment(recording, "git_operations_total", { operation: "status", status: "success" });
    recorder.observe(recording, "git_operation_duration_seconds", { operation: "status" }, 0.008);
    recorder.list(recording, { at: n, operation: "status", tenant: "acme", seconds: 0.008 });
  }
  return rounded(((performance.now() - startedAt) * 1000) / RECORDINGS);
}

/** Runs operations at once, and counts the flushes they cause. */
async function burst(stack: Stack) {
  const sandboxId = await cloned(stack.url, stack);
  const series = 'git_operations_total{operation="status",status="success"}';
  const before = await scraped(stack.url);
  const wallMs = await timed(async () => {
    await Promise.all(Array.from({ length: BURST }, () => status(stack.url, sandboxId, 200)));
  });
  const countedIn = (text: Map<string, number>) => (text.get(series) ?? 0) - (before.get(series) ?? 0);
  let after = before;
  const deadline = Date.now() + COUNTED_WITHIN_MS;
  while (countedIn(after) < BURST && Date.now() < deadline) after = await scraped(stack.url);
  const flushes = "warmtree_metrics_flushes_total";
  return {
    operations: BURST,
    counted: countedIn(after),
    flushes: (after.get(flushes) ?? 0) - (before.get(flushes) ?? 0),
    wall_ms: Math.round(wallMs),
  };
}

async function scraped(url: string): Promise<Map<string, number>> {
  const lines = (await (await fetch(`${url}/metrics`)).text()).split("\n").filter((line) => !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

interface Result {
  readonly status: Comparison;
  readonly without_git: Comparison;
  readonly record_us: number;
  readonly burst: Awaited<ReturnType<typeof burst>>;
}

function tableOf(result: Result): string {
  const row = (name: string, { p50_ms, p99_ms }: Quantiles) =>
    `${name.padEnd(16)}${p50_ms.toFixed(3).padStart(10)} ms${p99_ms.toFixed(3).padStart(10)} ms`;
  const table = (name: string, { rounds, on, off, difference, from, to }: Comparison) => [
    `${name}, ${rounds} calls each`,
    row("  recording on", on),
    row("  recording off", off),
    row("  difference", difference),
    row("    at least", from),
    row("    at most", to),
    "",
  ];
  const { operations, counted, flushes, wall_ms } = result.burst;
  return [
    `${"".padEnd(16)}${"p50".padStart(13)}${"p99".padStart(13)}`,
    ...table("status", result.status),
    ...table("without git", result.without_git),
    `counting one operation takes ${result.record_us} µs`,
    `${operations} operations at once: ${flushes} flushes, ${counted} counted, in ${wall_ms} ms`,
  ].join("\n");
}
