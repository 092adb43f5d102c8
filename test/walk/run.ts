import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStack, type Stack } from "../../scripts/support/stack.ts";
import { generate } from "./generate.ts";
import { KNOWN } from "./known.ts";
import { play, type Played } from "./play.ts";
import type { Failure, Run } from "./outcome.ts";
import { failureText } from "./report.ts";
import { shrink } from "./shrink.ts";
import type { Walk } from "./steps.ts";
import { Tally } from "./tally.ts";

const AT_ONCE = 2;
/** From here on everything that is known has to occur. */
export const LONG_STEPS = 5000;
/** Of one kind of failure no more are made short. */
const SHRUNK_OF_A_KIND = 1;

export interface Options {
  readonly seed: number;
  readonly steps: number;
  /** Plays this one alone. */
  readonly walk?: Walk | undefined;
  readonly say: (text: string) => void;
}

/** Starts everything that walks need, walks, and ends it. */
export async function runWalks({ seed, steps, walk, say }: Options): Promise<Run> {
  const startedAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), "warmtree-walk-"));
  // Sandboxes' files are seen from here also where they start from a snapshot, and one try is enough to see a failure.
  const stack = await startStack({
    isolation: "none",
    bindings: { E2B_MAX_SANDBOXES: "1000", GIT_SANDBOX_MAX_RETRIES: "0" },
  });
  const tally = new Tally();
  const failures = new Map<string, Failure>();
  const seconds = () => (performance.now() - startedAt) / 1000;
  let next = seed;
  const playAll = async () => {
    while (walk ? next === seed : tally.steps < steps) {
      const own = next++;
      const chosen = walk ?? generate(own);
      const played = await play(stack, chosen, `w${own}`, folder, { tally, isThorough: false });
      if (played.violations.length > 0) await note(stack, folder, failures, own, chosen, played, say);
      if ((own - seed) % 10 === 9) {
        say(`${tally.walks} walks, ${tally.steps} steps, ${failures.size} kinds of failure, ${seconds().toFixed(0)} s`);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, playAll));
  } finally {
    await stack.close();
    await rm(folder, { recursive: true, force: true });
  }
  const stale =
    tally.steps >= LONG_STEPS ? KNOWN.filter(({ rule }) => !tally.known.has(rule)).map(({ rule }) => rule) : [];
  return { tally, failures: [...failures.values()], stale, seconds: seconds() };
}

/** Counts the failure, and makes the first of its kind short. */
async function note(
  stack: Stack,
  folder: string,
  failures: Map<string, Failure>,
  seed: number,
  walk: Walk,
  { violations, taken, trace }: Played,
  say: (text: string) => void,
): Promise<void> {
  const [first] = violations;
  if (!first) return;
  const { rule, operation } = first;
  const key = `${rule} ${operation}`;
  const known = failures.get(key);
  if (known) {
    known.count += 1;
    if (known.count > SHRUNK_OF_A_KIND) return;
  }
  const failure: Failure = {
    rule,
    operation,
    detail: first.detail,
    seed,
    count: 1,
    walk: { ...walk, steps: walk.steps.slice(0, taken) },
    trace,
  };
  failures.set(key, failure);
  say(`seed ${seed}: ${rule} in ${operation}: ${first.detail.slice(0, 300)}`);
  let times = 0;
  let shortest = trace;
  // What is played to make it short does not count.
  failure.walk = await shrink(failure.walk, async (candidate) => {
    const played = await play(stack, candidate, `w${seed}s${++times}`, folder, {
      tally: new Tally(),
      isThorough: true,
    });
    const isSame = played.violations.some((one) => one.rule === rule && one.operation === operation);
    if (isSame) shortest = played.trace;
    return isSame;
  });
  failure.trace = shortest;
  say(failureText(failure));
}
