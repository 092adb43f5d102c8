import * as z from "zod/v4";
import { startStack, type Stack } from "../harness/stack.ts";
import { makeRepository } from "../sample-remote/repositories.ts";
import { readArguments } from "../support/arguments.ts";
import { callOperation, DEV_KEY } from "../support/client.ts";
import { median } from "../support/median.ts";

const USAGE = `npm run bench:runs -- [--rounds 15] [--json]

What clone, edit, push, status and diff cost in one request (POST /v1/run) and in five, in turn in one run: requests to
the sandbox, and the time until the last answer. Each round has a workspace of its own in each form, and which form comes
first alternates. Once more as a run that outlives its connection (async), until its end. Medians of all rounds but the
first. Exit code 1 when the one request does not need fewer requests to the sandbox, or takes longer than the five.

  --rounds <n>   rounds (default: 15)
  --json         {chain: {requests, wall_ms}, separate: {requests, wall_ms}, async: {requests, wall_ms}, rounds}`;

const HEADERS = { "Content-Type": "application/json", Authorization: `Bearer ${DEV_KEY}` };

interface Cost {
  readonly requests: number;
  readonly wall_ms: number;
}

async function bench(rounds: number, json: boolean): Promise<number> {
  const stack = await startStack({ bindings: { E2B_MAX_SANDBOXES: "2000", MAX_WORKSPACES_PER_TENANT: "2000" } });
  try {
    await makeRepository(stack.git.root, "runs", { files: 50, commits: 5 });
    const forms = { chain, separate, async: asRun };
    const costs: Record<keyof typeof forms, Cost[]> = { chain: [], separate: [], async: [] };
    for (let round = 0; round <= rounds; round++) {
      const order = (["chain", "separate", "async"] as const).toSorted(() => (round % 2 === 0 ? 1 : -1));
      for (const form of order) {
        const cost = await costOf(stack, () => forms[form](stack, `${form}-${round}`));
        // The first round starts the parts of the Worker.
        if (round > 0) costs[form].push(cost);
      }
      if (!json && process.stdout.isTTY) process.stdout.write(`\r${round} of ${rounds} rounds`);
    }
    const result = { chain: middle(costs.chain), separate: middle(costs.separate), async: middle(costs.async), rounds };
    if (json) console.log(JSON.stringify(result));
    else print(result);
    const isCheaper = result.chain.requests < result.separate.requests;
    return isCheaper && result.chain.wall_ms <= result.separate.wall_ms ? 0 : 1;
  } finally {
    await stack.close();
  }
}

async function costOf(stack: Stack, work: () => Promise<void>): Promise<Cost> {
  const before = stack.host.counters().sandbox;
  const startedAt = performance.now();
  await work();
  return { wall_ms: performance.now() - startedAt, requests: stack.host.counters().sandbox - before };
}

const middle = (costs: readonly Cost[]): Cost => ({
  requests: median(costs.map(({ requests }) => requests)),
  wall_ms: Number(median(costs.map(({ wall_ms: ms }) => ms)).toFixed(1)),
});

const stepsOf = (stack: Stack, task: string) => [
  { op: "clone", repo_url: `${stack.git.url}/runs.git`, agent_id: "bench", task_id: task },
  { op: "edit", files: [{ path: "bench.txt", content: `${task}\n` }] },
  { op: "push", message: task },
  { op: "status" },
  { op: "diff", base: "main" },
];

async function chain(stack: Stack, task: string): Promise<void> {
  const { ok } = z.object({ ok: z.boolean() }).parse(await send(stack, "/v1/run", { steps: stepsOf(stack, task) }));
  if (!ok) throw new Error("a step of the chain failed");
}

async function asRun(stack: Stack, task: string): Promise<void> {
  const body = { async: true, steps: stepsOf(stack, task) };
  const { url } = z.object({ url: z.string() }).parse(await send(stack, "/v1/run", body));
  const { status } = z.object({ status: z.string() }).parse(await send(stack, `${url}?wait=60`));
  if (status !== "done") throw new Error(`the run is ${status}`);
}

async function send(stack: Stack, path: string, body?: object): Promise<unknown> {
  const init = body ? { method: "POST", body: JSON.stringify(body) } : {};
  return (await fetch(stack.url + path, { ...init, headers: HEADERS })).json();
}

async function separate(stack: Stack, task: string): Promise<void> {
  let workspace = {};
  for (const { op, ...input } of stepsOf(stack, task)) {
    const { status, json } = await callOperation(stack.url, op, { ...workspace, ...input });
    if (status !== 200) throw new Error(`${op} answered ${JSON.stringify(json)}`);
    if (op === "clone") workspace = z.object({ sandbox_id: z.string() }).parse(json);
  }
}

function print({
  chain: one,
  separate: five,
  async: run,
  rounds,
}: Record<"chain" | "separate" | "async", Cost> & { rounds: number }) {
  const line = (name: string, { requests, wall_ms: ms }: Cost) =>
    console.log(
      `${name}: ${requests} requests to the sandbox, ${ms} ms (${(ms / five.wall_ms).toFixed(2)} of five requests)`,
    );
  console.log(`\nclone, edit, push, status, diff; medians of ${rounds} rounds`);
  line("one request  ", one);
  line("five requests", five);
  line("a run, async ", run);
}

const { values } = readArguments(USAGE, {
  options: {
    help: { type: "boolean", short: "h" },
    rounds: { type: "string", default: "15" },
    json: { type: "boolean", default: false },
  },
});
if (values.help) console.log(USAGE);
else process.exitCode = await bench(z.coerce.number().int().min(2).max(500).parse(values.rounds), values.json);
