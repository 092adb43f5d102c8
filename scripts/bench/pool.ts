import { setTimeout as sleep } from "node:timers/promises";
import { readArguments } from "../support/arguments.ts";
import * as z from "zod/v4";
import { makeRepository, SAMPLES } from "../sample-remote/repositories.ts";
import { callOperation, DEV_KEY } from "../support/client.ts";
import { type Stack, startStack } from "../harness/stack.ts";
import { median } from "../support/median.ts";

const USAGE = `npm run bench:pool -- [--json]

What a claim costs inside one pool object that knows 1, 100 and 1,000 workspaces, how many claims a second it serves,
and whether an alarm's cost follows what is due rather than what there is. Then the first clone of a tenant with two
warm sandboxes: the control plane is made 5 s slow meanwhile, so a creation on the clone's path would show.
Exit code 1 when the object serves under 500 claims a second, when a claim with 1,000 workspaces takes over twice what
it takes with one, when an alarm with nothing due takes over three times as long with 1,000 as with one, or when the
first clone waited for a creation.

  --json   {claims_per_second, claim_p50_ms: {"1", "100", "1000"}, alarm_ms: {due_0_of_1, due_0, due_20}, first_clone:
            {source, creations_waited_for, clone_ms, git_in_sandbox_ms, above_git_ms}}`;

const ENTRY = "test/fixtures/pool-bench/index.ts";
const SIZES = [1, 100, 1000] as const;
/** Claims of one request: so many that the request's own time does not matter. */
const BATCH = 200;
const BATCHES = 15;
const PARALLEL = 16;
const LEAST_CLAIMS_PER_SECOND = 500;
const MOST_GROWTH = 2;
/** Growth of an alarm that finds nothing due: a request and a few queries, which are short compared with the noise. */
const MOST_ALARM_GROWTH = 3;
const SLOW_CONTROL_MS = 5000;

const firstClone = z.object({
  source: z.string(),
  timing: z.object({ sandbox_ms: z.number(), fetch_ms: z.number(), checkout_ms: z.number() }),
});

const { values } = readArguments(USAGE, {
  options: { help: { type: "boolean", short: "h" }, json: { type: "boolean" } },
});
if (values.help) console.log(USAGE);
else process.exitCode = await bench(values.json === true);

async function bench(json: boolean): Promise<number> {
  const claims = await benchClaims(json ? () => undefined : (line) => console.log(line));
  const first = await benchFirstClone();
  const result = { ...claims, first_clone: first };
  if (json) console.log(JSON.stringify(result));
  else {
    console.log(`claims a second, 1,000 workspaces, ${PARALLEL} at once: ${claims.claims_per_second.toFixed(0)}`);
    console.log(
      `first clone with two warm sandboxes: from ${first.source}, ${first.clone_ms.toFixed(0)} ms ` +
        `(${first.git_in_sandbox_ms} ms of them git in the sandbox, so ${first.above_git_ms} ms above it), ` +
        `creations waited for: ${first.creations_waited_for}`,
    );
  }
  const { claims_per_second, claim_p50_ms, alarm_ms } = claims;
  const isGood =
    claims_per_second >= LEAST_CLAIMS_PER_SECOND &&
    claim_p50_ms["1000"] <= claim_p50_ms["1"] * MOST_GROWTH &&
    alarm_ms.due_0 <= alarm_ms.due_0_of_1 * MOST_ALARM_GROWTH;
  return isGood && first.creations_waited_for === 0 ? 0 : 1;
}

async function benchClaims(log: (line: string) => void) {
  const stack = await startStack({ entry: ENTRY, isolation: "none", bindings: { E2B_MAX_SANDBOXES: "2000" } });
  try {
    // Measured while there is one workspace.
    const dueOf1 = await alarmMs(stack, 1, 0);
    const p50 = new Map<number, number>();
    for (const workspaces of SIZES) {
      await timed(stack, { do: "seed", workspaces, count: 0 });
      const batches: number[] = [];
      for (let n = 0; n <= BATCHES; n++) batches.push(await timed(stack, { do: "claim", workspaces, count: BATCH }));
      // The first batch warms up.
      p50.set(workspaces, median(batches.slice(1)) / BATCH);
      log(`claim, ${workspaces} workspaces: p50 ${p50.get(workspaces)?.toFixed(3)} ms`);
    }
    const count = BATCH * 10;
    const totalMs = await timed(stack, { do: "claim", workspaces: 1000, count, parallel: PARALLEL });
    const alarms = { due_0_of_1: dueOf1, due_0: await alarmMs(stack, 1000, 0), due_20: await alarmMs(stack, 1000, 20) };
    log(
      `alarm, none due: ${alarms.due_0_of_1.toFixed(2)} ms with 1 workspace, ${alarms.due_0.toFixed(2)} ms with 1,000; ` +
        `${alarms.due_20.toFixed(2)} ms with 20 of them due`,
    );
    const claim_p50_ms = { "1": p50.get(1) ?? NaN, "100": p50.get(100) ?? NaN, "1000": p50.get(1000) ?? NaN };
    return { claims_per_second: count / (totalMs / 1000), claim_p50_ms, alarm_ms: alarms };
  } finally {
    await stack.close();
  }
}

async function alarmMs(stack: Stack, workspaces: number, due: number): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < BATCHES; n++) {
    await timed(stack, { do: "seed", workspaces, count: due });
    times.push(await timed(stack, { do: "alarm", workspaces, count: 0 }));
  }
  return median(times);
}

/** Returns the milliseconds of one request to the bench Worker. */
async function timed(stack: Stack, asked: Record<string, string | number>): Promise<number> {
  const query = new URLSearchParams(
    Object.entries(asked).map(([name, value]): [string, string] => [name, String(value)]),
  );
  const startedAt = performance.now();
  const answer = await fetch(`${stack.url}/?${query.toString()}`, { signal: AbortSignal.timeout(60_000) });
  if (!answer.ok) throw new Error(`the bench Worker answered ${answer.status}: ${await answer.text()}`);
  return performance.now() - startedAt;
}

async function benchFirstClone() {
  const stack = await startStack({ bindings: { POOL_MIN: "2", POOL_MAX: "10" } });
  try {
    await makeRepository(stack.git.root, "large", SAMPLES.large);
    await fetch(`${stack.url}/v1/workspaces`, { headers: { Authorization: `Bearer ${DEV_KEY}` } });
    while (stack.host.account().length < 2) await sleep(50);
    const repo_url = `${stack.git.url}/large.git`;
    stack.host.faults.set({ latencyMs: { control: SLOW_CONTROL_MS } });
    const startedAt = performance.now();
    const { json } = await callOperation(stack.url, "clone", { repo_url });
    const cloneMs = performance.now() - startedAt;
    stack.host.faults.reset();
    const { source, timing } = firstClone.parse(json);
    const gitMs = timing.fetch_ms + timing.checkout_ms;
    return {
      source,
      creations_waited_for: Math.floor(timing.sandbox_ms / SLOW_CONTROL_MS),
      clone_ms: Math.round(cloneMs),
      git_in_sandbox_ms: Math.round(gitMs),
      above_git_ms: Math.round(cloneMs - gitMs),
    };
  } finally {
    await stack.close();
  }
}
