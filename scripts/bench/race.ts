import { readArguments } from "../support/arguments.ts";
import * as z from "zod/v4";
import { startStack } from "../harness/stack.ts";
import { IMPATIENT, Racers } from "./race/racers.ts";

const USAGE = `npm run bench:race -- [--racers 8,32,64] [--impatient] [--json]

How long N workspaces take that push to one branch at once, beside N pushes from as many workspaces to the same branch
one after the other, in the same run: each pushes a file of its own twice, once in turn and once with all the others.
Half of the pushes in turn come before the race and half after it, for a machine whose load changes. A racer's wait is
the time from its call to the answer. Exit code 1 when 64 racers take more than 1.3 times as long as 64 pushes in turn,
or when a push fails, is lost or lands twice.

  --racers <n,…>   how many race (default: 8,32,64)
  --impatient      once more with the most racers, whose clients break off after 3 s and call again
  --json           {racers: {"8": s, …}, one_push_s: s, ratio: {"8": …}, wait_p90_s: {"8": s, …}, failed,
                   impatient?: {all_s, calls}}; one_push_s is that of the most racers`;

const MAX_RATIO = 1.3;

const { values } = readArguments(USAGE, {
  options: {
    help: { type: "boolean", short: "h" },
    racers: { type: "string", default: "8,32,64" },
    impatient: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
if (values.help) console.log(USAGE);
else {
  const counts = z.array(z.coerce.number().int().min(2).max(200)).min(1).parse(values.racers.split(","));
  process.exitCode = await bench(counts, values.impatient, values.json);
}

async function bench(counts: readonly number[], isImpatient: boolean, json: boolean): Promise<number> {
  const say = (text: string) => {
    if (!json) console.log(text);
  };
  const most = Math.max(...counts);
  const stack = await startStack({ bindings: { E2B_MAX_SANDBOXES: String(most + 10) } });
  try {
    const racers = await Racers.prepare(stack, most);
    const result: Result = { racers: {}, one_push_s: 0, ratio: {}, wait_p90_s: {}, failed: 0 };
    for (const count of counts) {
      const half = Math.floor(count / 2);
      const before = await racers.inTurn(0, half);
      const atOnce = await racers.atOnce(count);
      const after = await racers.inTurn(half, count);
      const inTurn = { wall_s: before.wall_s + after.wall_s, failed: before.failed + after.failed };
      const ratio = atOnce.wall_s / inTurn.wall_s;
      const wait_s = percentile(atOnce.waits_s, 0.9);
      const failed = inTurn.failed + atOnce.failed;
      if (count === most) result.one_push_s = rounded(inTurn.wall_s / count);
      result.racers[count] = rounded(atOnce.wall_s);
      result.ratio[count] = rounded(ratio);
      result.wait_p90_s[count] = rounded(wait_s);
      result.failed += failed;
      say(
        `${count} racers: ${atOnce.wall_s.toFixed(1)} s, ${ratio.toFixed(2)} times the ${inTurn.wall_s.toFixed(1)} s that they ` +
          `take in turn; wait p90 ${wait_s.toFixed(1)} s; ${failed} failed`,
      );
    }
    if (isImpatient) {
      const { wall_s, failed, calls } = await racers.atOnce(most, IMPATIENT);
      result.impatient = { all_s: rounded(wall_s), calls };
      result.failed += failed;
      say(
        `${most} racers that break off after 3 s and call again: ${wall_s.toFixed(1)} s, ${calls} calls, ${failed} failed`,
      );
    }
    if (json) console.log(JSON.stringify(result));
    return result.failed === 0 && (result.ratio[64] ?? 0) <= MAX_RATIO ? 0 : 1;
  } finally {
    await stack.close();
  }
}

/** Results by number of racers, except one_push_s and failed. */
interface Result {
  readonly racers: Record<number, number>;
  one_push_s: number;
  readonly ratio: Record<number, number>;
  readonly wait_p90_s: Record<number, number>;
  failed: number;
  impatient?: { readonly all_s: number; readonly calls: number };
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}

function percentile(list: readonly number[], share: number): number {
  const sorted = list.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
