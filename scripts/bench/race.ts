import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as z from "zod/v4";
import { makeRepository } from "../sample-remote/repositories.ts";
import { callOperation } from "../support/client.ts";
import { type Stack, startStack } from "../support/stack.ts";

const USAGE = `npm run bench:race -- [--racers 8,32,64] [--impatient] [--json]

How long N workspaces take that push to one branch at once, beside N pushes from as many workspaces to the same branch
one after the other, in the same run: each pushes a file of its own twice, once in turn and once with all the others. A
racer's wait is the time of its call. Exit code 1 when 64 racers take more than 1.3 times as long as 64 pushes in
turn, or a push fails, is lost or lands twice.

  --racers <n,…>   how many race (default: 8,32,64)
  --impatient      once more with the most racers, whose clients break off after 3 s and call again
  --json           {racers: {"8": s, …}, one_push_s, ratio: {…}, wait_p90_s: {…}, failed, impatient?: {all_s, calls}}`;

const MAX_RATIO = 1.3;
const PATIENCE_MS = 3_000;
/** Beyond it a racer counts as failed. */
const MAX_CALLS = 200;
/** A sandbox host on this machine starts no faster with more at once. */
const CLONES_AT_ONCE = 8;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", short: "h" },
    racers: { type: "string", default: "8,32,64" },
    impatient: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
if (values.help) console.log(USAGE);
else {
  const racers = z.array(z.coerce.number().int().min(2).max(200)).min(1).parse(values.racers.split(","));
  process.exitCode = await bench(racers, values.impatient, values.json);
}

async function bench(racers: readonly number[], isImpatient: boolean, json: boolean): Promise<number> {
  const say = (text: string) => {
    if (!json) console.log(text);
  };
  const most = Math.max(...racers);
  const stack = await startStack({ bindings: { E2B_MAX_SANDBOXES: String(most + 10) } });
  try {
    const race = await prepare(stack, most);
    const result: Result = { racers: {}, one_push_s: 0, ratio: {}, wait_p90_s: {}, failed: 0 };
    for (const count of racers) {
      const inTurn = await race.inTurn(count);
      const atOnce = await race.atOnce(count);
      result.one_push_s = inTurn.wall_s / count;
      result.racers[count] = atOnce.wall_s;
      result.ratio[count] = atOnce.wall_s / inTurn.wall_s;
      result.wait_p90_s[count] = percentile(atOnce.waits_s, 0.9);
      result.failed += inTurn.failed + atOnce.failed;
      say(
        `${count} racers: ${atOnce.wall_s.toFixed(1)} s; in turn ${inTurn.wall_s.toFixed(1)} s, so ` +
          `${(atOnce.wall_s / inTurn.wall_s).toFixed(2)} times; wait p90 ${percentile(atOnce.waits_s, 0.9).toFixed(1)} s; ` +
          `${inTurn.failed + atOnce.failed} failed`,
      );
    }
    if (isImpatient) {
      const { wall_s, failed, calls } = await race.atOnce(most, PATIENCE_MS);
      result.impatient = { all_s: wall_s, calls };
      result.failed += failed;
      say(`${most} racers that call again every 3 s: ${wall_s.toFixed(1)} s, ${calls} calls, ${failed} failed`);
    }
    if (json) console.log(JSON.stringify(result));
    return result.failed === 0 && (result.ratio[64] ?? 0) <= MAX_RATIO ? 0 : 1;
  } finally {
    await stack.close();
  }
}

interface Result {
  readonly racers: Record<number, number>;
  one_push_s: number;
  readonly ratio: Record<number, number>;
  readonly wait_p90_s: Record<number, number>;
  failed: number;
  impatient?: { readonly all_s: number; readonly calls: number };
}

interface Measured {
  readonly wall_s: number;
  readonly waits_s: readonly number[];
  readonly failed: number;
  readonly calls: number;
}

/** As many workspaces of one repository, each with a branch of its own, that push to main. */
async function prepare(stack: Stack, count: number) {
  await makeRepository(stack.git.root, "race", { files: 50, commits: 5 });
  const ids: string[] = [];
  const repo_url = `${stack.git.url}/race.git`;
  for (let n = 0; n < count; n += CLONES_AT_ONCE) {
    const some = Array.from({ length: Math.min(CLONES_AT_ONCE, count - n) }, (_, k) => `agent${n + k}`);
    const clones = some.map((agent_id) => must(stack, "clone", { repo_url, agent_id, task_id: "race" }));
    ids.push(...(await Promise.all(clones)).map((json) => z.object({ sandbox_id: z.string() }).parse(json).sandbox_id));
  }
  let round = 0;
  const edited = async (some: readonly string[]) => {
    round++;
    for (const [n, sandbox_id] of some.entries()) {
      await must(stack, "edit", { sandbox_id, files: [{ path: `round-${round}/${n}.txt`, content: `${n}\n` }] });
    }
  };
  /** Those of this round that are not on main exactly once. */
  const missing = (some: readonly string[]) => {
    const git = (...args: string[]) =>
      execFileSync("git", ["-C", join(stack.git.root, "race.git"), ...args], { encoding: "utf8" }).split("\n");
    const subjects = git("log", "--format=%s", "main");
    const files = git("ls-tree", "-r", "--name-only", "main", `round-${round}/`);
    return some.filter((_, n) => {
      const once = subjects.filter((subject) => subject === `Round ${round}: ${n}`).length === 1;
      return !once || !files.includes(`round-${round}/${n}.txt`);
    }).length;
  };
  const body = (sandbox_id: string, n: number) => ({ sandbox_id, message: `Round ${round}: ${n}`, to: "main" });
  const measured = async (some: readonly string[], run: () => Promise<Push[]>): Promise<Measured> => {
    const startedAt = performance.now();
    const pushes = await run();
    return {
      wall_s: seconds(startedAt),
      waits_s: pushes.map(({ wait_s }) => wait_s),
      failed: pushes.filter(({ ok }) => !ok).length + missing(some),
      calls: pushes.reduce((sum, { calls }) => sum + calls, 0),
    };
  };
  return {
    async inTurn(racers: number): Promise<Measured> {
      const some = ids.slice(0, racers);
      await edited(some);
      return measured(some, async () => {
        const pushes: Push[] = [];
        for (const [n, id] of some.entries()) pushes.push(await pushed(stack, body(id, n)));
        return pushes;
      });
    },
    async atOnce(racers: number, patienceMs?: number): Promise<Measured> {
      const some = ids.slice(0, racers);
      await edited(some);
      return measured(some, () => Promise.all(some.map((id, n) => pushed(stack, body(id, n), patienceMs))));
    },
  };
}

interface Push {
  readonly ok: boolean;
  readonly wait_s: number;
  readonly calls: number;
}

/** @param patienceMs after which the client breaks off and calls again; absent: it waits for the answer */
async function pushed(stack: Stack, body: object, patienceMs?: number): Promise<Push> {
  const startedAt = performance.now();
  for (let calls = 1; calls <= MAX_CALLS; calls++) {
    const signal = patienceMs === undefined ? {} : { signal: AbortSignal.timeout(patienceMs) };
    const answer = await callOperation(stack.url, "push", body, signal).catch((error: unknown) => {
      if (error instanceof Error && error.name === "TimeoutError") return undefined;
      throw error;
    });
    if (answer) return { ok: answer.status === 200, wait_s: seconds(startedAt), calls };
  }
  return { ok: false, wait_s: seconds(startedAt), calls: MAX_CALLS };
}

async function must(stack: Stack, operation: string, body: object): Promise<unknown> {
  const { status, json } = await callOperation(stack.url, operation, body);
  if (status !== 200) throw new Error(`${operation} answered ${status}: ${JSON.stringify(json)}`);
  return json;
}

function seconds(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}

function percentile(values_: readonly number[], share: number): number {
  const sorted = values_.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
