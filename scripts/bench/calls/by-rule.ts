import { type Answered, comparable, type Doors } from "./doors.ts";
import { type Distorted, distortions } from "./distort.ts";
import type { Verdict } from "./pair.ts";
import { RIGHT_INPUTS, type RightInput } from "./whole.ts";

/** Number of workspaces used at once. */
const LANES = 3;

export interface RuleVerdict extends Verdict {
  readonly rule: string;
  readonly call: string;
}

/**
 * Sends every right input several times, then each distortion of it, and expects equal answers. Repeated calls of one
 * meaning have equal answers, because they find their work already done.
 * @param every sends only one in this many distortions
 */
export async function byRule(doors: Doors, take: (verdict: RuleVerdict) => void, every = 1): Promise<void> {
  const lane = async (number: number) => {
    const task = `by-rule-${number}`;
    const inputs = RIGHT_INPUTS.filter((_, at) => at % LANES === number);
    for await (const verdict of inLane(doors, task, inputs, every)) take(verdict);
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
}

async function* inLane(
  doors: Doors,
  task: string,
  inputs: readonly RightInput[],
  every: number,
): AsyncGenerator<RuleVerdict> {
  const sandbox_id = await doors.newWorkspace(task);
  let count = 0;
  for (const right of inputs) {
    const real = realOf(right, doors, sandbox_id);
    for (const door of ["http", "mcp"] as const) {
      const chosen = distortions(real).filter(({ mcpOnly }) => (door === "mcp" || !mcpOnly) && count++ % every === 0);
      if (chosen.length === 0) continue;
      const send = async (input: object) => plain(await sent(doors, door, real.operation, input));
      await send(real.input);
      const expected = await send(real.input);
      for (const distorted of chosen) yield verdictOf(distorted, door, expected, await send(distorted.input));
    }
    await doors.call("http", "restore", { sandbox_id, all: true });
    await doors.call("http", "branch", { sandbox_id, name: `agent/calls/${task}` });
  }
}

function realOf({ operation, input }: RightInput, doors: Doors, sandbox_id: string): RightInput {
  const own = operation === "clone" ? { repo_url: doors.repoUrl } : { sandbox_id };
  return { operation, input: { ...input, ...own } };
}

const sent = (doors: Doors, door: "http" | "mcp", operation: string, input: object) =>
  door === "http" ? doors.call("http", operation, input) : doors.step(operation, input);

const plain = (answer: Answered) => comparable(answer, {});

function verdictOf({ rule, operation, input }: Distorted, door: string, expected: string, found: string): RuleVerdict {
  const call = `${door} ${operation} ${JSON.stringify(input)}`;
  if (found === expected) return { kind: "understood", rule, call };
  const why = `${found} instead of ${expected}`;
  return { kind: found.startsWith('{"ok":true') ? "wrong" : "refused", rule, call, why };
}
