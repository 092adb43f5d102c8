import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStack, type Stack } from "../../scripts/harness/stack.ts";
import { generate } from "./generate.ts";
import { KNOWN, nameOf } from "./known.ts";
import { LOOK } from "./deed.ts";
import { type Found, play } from "./play.ts";
import type { Failure, Run } from "./outcome.ts";
import { failureText } from "./report.ts";
import { shrink } from "./shrink.ts";
import type { Walk } from "./steps.ts";
import { Tally } from "./tally.ts";

const AT_ONCE = 2;

export interface Options {
  readonly seed: number;
  readonly steps: number;
  /** Plays this walk alone. */
  readonly walk?: Walk | undefined;
  readonly say: (text: string) => void;
  /** Ends the run early, with the results so far. */
  readonly signal?: AbortSignal | undefined;
}

interface Walking extends Pick<Options, "say" | "signal"> {
  readonly stack: Stack;
  readonly folder: string;
  readonly failures: Map<string, Failure>;
}

/** Starts the stack, plays walks, and closes the stack. */
export async function runWalks({ seed, steps, walk, say, signal }: Options): Promise<Run> {
  const startedAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), "warmtree-walk-"));
  // Without isolation, sandboxes' files are readable from here also after a start from a snapshot. One try shows a
  // failure.
  const stack = await startStack({
    isolation: "none",
    bindings: { E2B_MAX_SANDBOXES: "1000", GIT_SANDBOX_MAX_RETRIES: "0" },
  });
  const tally = new Tally();
  const failures = new Map<string, Failure>();
  const seconds = () => (performance.now() - startedAt) / 1000;
  let next = seed;
  const playKnown = async () => {
    for (const [at, known] of KNOWN.entries()) {
      await play(stack, known.walk, `k${at}`, folder, { tally, isThorough: false });
    }
  };
  const isOver = () => signal?.aborted === true || (walk ? next > seed : tally.steps >= steps);
  const playAll = async () => {
    while (!isOver()) {
      const own = next++;
      const chosen = walk ?? generate(own);
      const { found, trace } = await play(stack, chosen, `w${own}`, folder, { tally, isThorough: walk !== undefined });
      for (const one of found) await note({ stack, folder, failures, say, signal }, own, chosen, one, trace);
      if ((own - seed) % 10 === 9) {
        say(`${tally.walks} walks, ${tally.steps} steps, ${failures.size} kinds of failure, ${seconds().toFixed(0)} s`);
      }
    }
  };
  try {
    if (!walk) await playKnown();
    await Promise.all(Array.from({ length: AT_ONCE }, playAll));
  } finally {
    await stack.close();
    await rm(folder, { recursive: true, force: true });
  }
  const stale = walk === undefined ? KNOWN.map(nameOf).filter((name) => !tally.known.has(name)) : [];
  return { tally, failures: [...failures.values()], stale, seconds: seconds() };
}

/** Counts a failure, and shortens the walk of the first of its kind. */
async function note(
  { stack, folder, failures, say, signal }: Walking,
  seed: number,
  walk: Walk,
  { taken, ...found }: Found,
  trace: readonly string[],
): Promise<void> {
  const key = `${found.rule} ${found.operation}`;
  const known = failures.get(key);
  if (known) {
    known.count += 1;
    return;
  }
  const failure: Failure = { ...found, seed, count: 1, walk: { ...walk, steps: walk.steps.slice(0, taken) }, trace };
  failures.set(key, failure);
  say(`seed ${seed}: ${found.rule} in ${found.operation}: ${found.detail.slice(0, 300)}`);
  let times = 0;
  const isAgain = async (candidate: Walk) => {
    if (signal?.aborted) return false;
    // Walks that are played to shorten one are not counted.
    const how = { tally: new Tally(), isThorough: found.operation === LOOK, sought: found };
    const played = await play(stack, candidate, `w${seed}s${key.length}x${++times}`, folder, how);
    const [again] = played.found;
    if (again) Object.assign(failure, { trace: played.trace, detail: again.detail });
    return again !== undefined;
  };
  if (await isAgain(failure.walk)) failure.walk = await shrink(failure.walk, isAgain);
  else say(`seed ${seed}: it does not happen again with the same steps`);
  say(failureText(failure));
}
