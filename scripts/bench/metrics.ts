import { parseArgs } from "node:util";
import * as z from "zod/v4";
import type { Batch } from "../../src/metrics/batch.ts";
import { Recorder } from "../../src/metrics/recorder.ts";
import { makeRepository } from "../sample-remote/repositories.ts";
import { callOperation } from "../support/client.ts";
import { localBindings, type Stack, startStack } from "../support/stack.ts";
import { startWorkerd } from "../support/workerd.ts";

const USAGE = `npm run bench:metrics -- [--rounds <n>] [--json]

What recording costs an operation: two Workers that differ in nothing but METRICS_SHARDS (1: on, 0: off) share a
sandbox host and a git server and serve the same status in turn. Then 500 operations at once, and how many
flushes they cause. Exit code 1 when recording costs 1 ms or more at p50, when a count is wrong, or when
there were more than 10 flushes.

  --rounds <n>   measured calls of each Worker (default: 1000)
  --json         one JSON object: {rounds, on: {p50_ms, p99_ms}, off: {…}, difference: {…}, record_us, burst}`;

const WARM_UP_ROUNDS = 100;
const BURST = 500;
const MOST_FLUSHES = 10;
const MOST_MS = 1;
const RECORDINGS = 200_000;

interface Quantiles {
  readonly p50_ms: number;
  readonly p99_ms: number;
}

const { values } = parseArgs({
  options: {
    help: { type: "boolean", short: "h" },
    rounds: { type: "string", default: "1000" },
    json: { type: "boolean" },
  },
});
if (values.help) console.log(USAGE);
else process.exitCode = await bench(z.coerce.number().int().min(100).parse(values.rounds), values.json === true);

async function bench(rounds: number, json: boolean): Promise<number> {
  const stack = await startStack({ bindings: { METRICS_SHARDS: "1" } });
  try {
    await makeRepository(stack.git.root, "one", { files: 50, commits: 5 });
    const result = { rounds, ...(await overhead(stack, rounds)), record_us: recordingUs(), burst: await burst(stack) };
    console.log(json ? JSON.stringify(result) : tableOf(result));
    const { difference, burst: told } = result;
    const isGood = difference.p50_ms < MOST_MS && told.counted === BURST && told.flushes <= MOST_FLUSHES;
    return isGood ? 0 : 1;
  } finally {
    await stack.close();
  }
}

/** Latencies of one status with recording on and off. */
async function overhead(stack: Stack, rounds: number) {
  const off = await startWorkerd({
    bindings: { ...localBindings(stack.host.url, stack.git.url), METRICS_SHARDS: "0" },
  });
  try {
    const workers = { on: { url: stack.url, times: [] as number[] }, off: { url: off.url, times: [] as number[] } };
    const sandboxes = new Map<string, string>();
    for (const { url } of Object.values(workers)) sandboxes.set(url, await cloned(url, stack));
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      // Whoever comes second finds warmer caches: they take turns.
      const order = round % 2 === 0 ? [workers.on, workers.off] : [workers.off, workers.on];
      for (const { url, times } of order) {
        const ms = await timed(() => status(url, sandboxes.get(url) ?? ""));
        if (round >= 0) times.push(ms);
      }
    }
    const [on, without] = [quantiles(workers.on.times), quantiles(workers.off.times)];
    const difference = { p50_ms: rounded(on.p50_ms - without.p50_ms), p99_ms: rounded(on.p99_ms - without.p99_ms) };
    return { on, off: without, difference };
  } finally {
    await off.close();
  }
}

async function cloned(url: string, stack: Stack): Promise<string> {
  const { json } = await callOperation(url, "clone", { repo_url: `${stack.git.url}/one.git`, agent_id: "bench" });
  return z.object({ sandbox_id: z.string() }).parse(json).sandbox_id;
}

async function status(url: string, sandbox_id: string): Promise<void> {
  const answer = await callOperation(url, "status", { sandbox_id });
  if (answer.status !== 200) throw new Error(`status answered ${answer.status}: ${JSON.stringify(answer.json)}`);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** What the path itself does: counts of one operation that succeeds, without the flush. */
function recordingUs(): number {
  const recorder = new Recorder();
  // The flush is promised to a request that never ends.
  const add = async (_: Batch) => {};
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
  }
  return rounded(((performance.now() - startedAt) * 1000) / RECORDINGS);
}

/** Operations at once, and the flushes they cause. */
async function burst(stack: Stack) {
  const sandboxId = await cloned(stack.url, stack);
  const series = 'git_operations_total{operation="status",status="success"}';
  const before = await scraped(stack.url);
  const wallMs = await timed(async () => {
    await Promise.all(Array.from({ length: BURST }, () => status(stack.url, sandboxId)));
  });
  const countedIn = (text: Map<string, number>) => (text.get(series) ?? 0) - (before.get(series) ?? 0);
  let after = before;
  for (const deadline = Date.now() + 10_000; countedIn(after) < BURST && Date.now() < deadline;)
    after = await scraped(stack.url);
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

function quantiles(times: readonly number[]): Quantiles {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) =>
    rounded(sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN);
  return { p50_ms: at(0.5), p99_ms: at(0.99) };
}

const rounded = (value: number) => Math.round(value * 1000) / 1000;

function tableOf(result: {
  readonly on: Quantiles;
  readonly off: Quantiles;
  readonly difference: Quantiles;
  readonly record_us: number;
  readonly burst: Awaited<ReturnType<typeof burst>>;
}): string {
  const row = (name: string, { p50_ms, p99_ms }: Quantiles) =>
    `${name.padEnd(14)}${p50_ms.toFixed(3).padStart(10)} ms${p99_ms.toFixed(3).padStart(10)} ms`;
  const { operations, counted, flushes, wall_ms } = result.burst;
  return [
    `${"status".padEnd(14)}${"p50".padStart(13)}${"p99".padStart(13)}`,
    row("recording on", result.on),
    row("recording off", result.off),
    row("difference", result.difference),
    "",
    `counting one operation takes ${result.record_us} µs`,
    `${operations} operations at once: ${flushes} flushes, ${counted} counted, in ${wall_ms} ms`,
  ].join("\n");
}
