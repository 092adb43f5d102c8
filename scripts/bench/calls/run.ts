import { makeRepository, SAMPLES } from "../../sample-remote/repositories.ts";
import { startStack } from "../../harness/stack.ts";
import { byRule, type RuleVerdict } from "./by-rule.ts";
import { Doors } from "./doors.ts";
import { Pair, type Verdict } from "./pair.ts";
import { BY_CLIENTS } from "./written-by-clients.ts";
import { BY_MODELS } from "./written-by-models.ts";
import type { Written } from "./written-call.ts";

export interface Tally {
  tasks: number;
  understood: number;
  /** Calls whose answer differs from the answer to the call that they mean. */
  wrong: number;
}

export interface Result {
  readonly written: Tally;
  readonly by_client: Record<string, Tally>;
  readonly distorted: Tally;
  readonly by_rule: Record<string, Tally>;
}

const WRITTEN: Written = { ...BY_MODELS, ...BY_CLIENTS };

/** Number of clients that call at once. */
const LANES = 3;

const newTally = (): Tally => ({ tasks: 0, understood: 0, wrong: 0 });

function count(tallies: readonly Tally[], { kind }: Verdict): void {
  for (const tally of tallies) {
    tally.tasks++;
    if (kind === "understood") tally.understood++;
    if (kind === "wrong") tally.wrong++;
  }
}

/**
 * Runs all calls against a Warmtree.
 * @param say gets a line for each call that was not understood
 * @param every runs only one in this many distortions
 */
export async function runCalls(doors: Doors, say: (line: string) => void, every = 1): Promise<Result> {
  const clients = Object.entries(WRITTEN);
  const result: Result = { written: newTally(), by_client: {}, distorted: newTally(), by_rule: {} };
  const ofClient = async ([client, calls]: (typeof clients)[number], number: number) => {
    const own = (result.by_client[client] ??= newTally());
    const pair = await Pair.open(doors, String(number));
    for (const call of calls) {
      const verdict = await pair.verdict(call);
      count([result.written, own], verdict);
      if (verdict.kind === "understood") continue;
      say(`${verdict.kind}: ${client}: ${call.name} ${JSON.stringify(call.input)}: ${verdict.why}`);
    }
  };
  const waiting = clients.entries();
  const lane = async () => {
    for (const [number, client] of waiting) await ofClient(client, number);
  };
  for (const [client] of clients) result.by_client[client] = newTally();
  await Promise.all(Array.from({ length: LANES }, lane));
  const take = (verdict: RuleVerdict) => {
    count([result.distorted, (result.by_rule[verdict.rule] ??= newTally())], verdict);
    if (verdict.kind !== "understood") say(`${verdict.kind}: ${verdict.rule}: ${verdict.call}: ${verdict.why}`);
  };
  await byRule(doors, take, every);
  return result;
}

/** Connects to a new Warmtree with local sandboxes and the sample remote. */
export async function openDoors(): Promise<Doors & AsyncDisposable> {
  const stack = await startStack({ bindings: { E2B_MAX_SANDBOXES: "60" } });
  try {
    await makeRepository(stack.git.root, "small", SAMPLES.small);
    const doors = await Doors.open(stack, `${stack.git.url}/small.git`);
    return Object.assign(doors, {
      [Symbol.asyncDispose]: async () => {
        await doors.close();
        await stack.close();
      },
    });
  } catch (error) {
    await stack.close();
    throw error;
  }
}
