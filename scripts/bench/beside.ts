import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod/v4";
import { readArguments } from "../support/arguments.ts";
import { type Machinery, startMachinery } from "./mcp/machinery.ts";
import { type Call, inTurn, rounded, Subject } from "./mcp/measure.ts";
import { callsOf, closeConnections, GIT, mcpToolsList, type Measured, startLeanGit } from "./mcp/subjects.ts";

const USAGE = `npm run bench:beside -- <checkout> [--rounds <n>] [--json]

What operations cost in this checkout beside another checkout of Warmtree, in one run: status, diff and log of a
repository of 50 files through /v1 and /mcp, tools/list, and git as a process of a small process. All take turns, so a
disturbance of the machine meets all of them. Prints p50 of each, and the ratio of here to there. The other checkout has
its dependencies installed.

  --rounds <n>   calls of each (default: 400)
  --json         {git: {status: ms, …}, calls: {"status /v1": {here_p50_ms, there_p50_ms, ratio}, …}}`;

const FILES = 50;
const OPERATIONS = ["status", "diff", "log"] as const satisfies readonly Measured[];

/** Part of the bench that both checkouts have. */
const benchModule = z.object({
  startMachinery: z.custom<typeof startMachinery>((value) => typeof value === "function"),
});

interface Side {
  readonly url: string;
  readonly sandboxId: string;
  readonly tree: string;
}

interface Compared {
  readonly here_p50_ms: number;
  readonly there_p50_ms: number;
  readonly ratio: number;
}

const { values, positionals } = readArguments(USAGE, {
  allowPositionals: true,
  options: {
    help: { type: "boolean", short: "h" },
    rounds: { type: "string", default: "400" },
    json: { type: "boolean" },
  },
});
const [checkout] = positionals;
if (values.help) console.log(USAGE);
else if (checkout === undefined) {
  console.error(`a checkout is missing; usage: ${USAGE.split("\n")[0]}`);
  process.exitCode = 1;
} else await bench(checkout, z.coerce.number().int().min(20).parse(values.rounds), values.json === true);

async function bench(other: string, rounds: number, json: boolean): Promise<void> {
  const leanGit = startLeanGit();
  const machineries: Machinery[] = [];
  try {
    const there = await startMachineryOf(other);
    machineries.push(there);
    const here = await startMachinery();
    machineries.push(here);
    const [mine, theirs] = [await sideOf(here), await sideOf(there)];
    const git: Record<string, number> = {};
    const calls: Record<string, Compared> = {};
    for (const operation of OPERATIONS) {
      const alone = new Subject("git", leanGit.call(mine.tree, GIT[operation]));
      const [a, b] = [callsOf(mine.url, operation, mine.sandboxId), callsOf(theirs.url, operation, theirs.sandboxId)];
      const pairs = { [`${operation} /v1`]: [a.http, b.http], [`${operation} /mcp`]: [a.mcp, b.mcp] } as const;
      Object.assign(calls, await compared(pairs, rounds, [alone]));
      git[operation] = alone.alone().p50_ms;
    }
    Object.assign(calls, await compared({ "tools/list": [mcpToolsList(mine.url), mcpToolsList(theirs.url)] }, rounds));
    if (json) console.log(JSON.stringify({ git, calls }));
    else print(git, calls);
  } finally {
    closeConnections();
    leanGit.close();
    await Promise.allSettled(machineries.map((machinery) => machinery.close()));
  }
}

async function startMachineryOf(folder: string): Promise<Machinery> {
  const file = join(resolve(folder), "scripts/bench/mcp/machinery.ts");
  return benchModule.parse(await import(pathToFileURL(file).href)).startMachinery();
}

async function sideOf(machinery: Machinery): Promise<Side> {
  const { sandbox_id: sandboxId, tree } = await machinery.prepare(FILES);
  return { url: machinery.url, sandboxId, tree };
}

/** Measures calls at both sides, and the other subjects with them. */
async function compared(
  calls: Readonly<Record<string, readonly [here: Call, there: Call]>>,
  rounds: number,
  others: readonly Subject[] = [],
): Promise<Record<string, Compared>> {
  const pairs = Object.entries(calls).map(
    ([label, [here, there]]) => [label, new Subject("here", here), new Subject("there", there)] as const,
  );
  await inTurn([...others, ...pairs.flatMap(([, here, there]) => [here, there])], rounds);
  return Object.fromEntries(
    pairs.map(([label, here, there]) => {
      const [here_p50_ms, there_p50_ms] = [here.alone().p50_ms, there.alone().p50_ms];
      return [label, { here_p50_ms, there_p50_ms, ratio: rounded(here_p50_ms / there_p50_ms) }];
    }),
  );
}

function print(git: Readonly<Record<string, number>>, calls: Readonly<Record<string, Compared>>): void {
  for (const [operation, ms] of Object.entries(git)) console.log(`git ${operation}`.padEnd(16), ms.toFixed(2), "ms");
  for (const [label, { here_p50_ms, there_p50_ms, ratio }] of Object.entries(calls)) {
    const times = `here ${here_p50_ms.toFixed(2)} ms, there ${there_p50_ms.toFixed(2)} ms`;
    console.log(label.padEnd(16), `${times}, ratio ${ratio.toFixed(2)}`);
  }
}
