import { parseArgs } from "node:util";
import { openDoors, type Result, runCalls, type Tally } from "./calls/run.ts";

const USAGE = `npm run bench:calls -- [--json]

How many calls are understood at the first try. Clients and models write calls in their own ways: empty fields, numbers
and lists as text, other names and other spellings of paths. Each call of scripts/bench/calls names the right input that
it means. Both go through HTTP or the official MCP client to a Warmtree with local sandboxes, each to a workspace of its
own; their answers and the workspaces must be the same after it. Calls with several meanings must be refused. Then every
field of every operation is distorted by rule, and each such call must be answered as the right one. Exit code 1 when
less than 0.95 of the calls are understood, or one is answered otherwise than it means.

  --json   {tasks, first_try, by_client: {<client>: {tasks, first_try}}, wrong, distorted: {tasks, first_try, wrong}};
           without distorted, tasks, first_try and wrong are of the written calls`;

const MIN_SHARE = 0.95;

const share = ({ tasks, understood }: Tally) => Number((understood / tasks).toFixed(3));

const shares = (tallies: Readonly<Record<string, Tally>>) =>
  Object.fromEntries(Object.entries(tallies).map(([name, tally]) => [name, shareOf(tally)]));

const shareOf = (tally: Tally) => ({ tasks: tally.tasks, first_try: share(tally) });

const asJson = ({ written, by_client, distorted }: Result) => ({
  ...shareOf(written),
  by_client: shares(by_client),
  wrong: written.wrong,
  distorted: { ...shareOf(distorted), wrong: distorted.wrong },
});

const { values } = parseArgs({
  options: { help: { type: "boolean", short: "h" }, json: { type: "boolean", default: false } },
});
if (values.help) console.log(USAGE);
else process.exitCode = await bench(values.json);

async function bench(json: boolean): Promise<number> {
  await using doors = await openDoors();
  const result = await runCalls(doors, (line) => console.error(line.slice(0, 2000)));
  if (json) console.log(JSON.stringify(asJson(result)));
  else print(result);
  const { written, distorted } = result;
  return [written, distorted].every((tally) => share(tally) >= MIN_SHARE && tally.wrong === 0) ? 0 : 1;
}

function print({ written, by_client, distorted, by_rule }: Result): void {
  const line = (name: string, { tasks, understood, wrong }: Tally) =>
    console.log(`${name.padEnd(42)} ${String(understood).padStart(5)} of ${String(tasks).padStart(5)}, ${wrong} wrong`);
  for (const [client, tally] of Object.entries(by_client)) line(client, tally);
  line("written calls", written);
  for (const [rule, tally] of Object.entries(by_rule)) line(rule, tally);
  line("distorted by rule", distorted);
}
