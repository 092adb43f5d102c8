import { type RunInput, runInput } from "../api/run-schemas.ts";
import type { StoredRun } from "../durable/runs/types.ts";
import type { Redactor } from "../redaction/redactor.ts";
import { StepLog } from "../steps/log.ts";
import { runSteps } from "../steps/run.ts";
import type { Caller } from "../workspace/caller.ts";
import { pauseWorkspace } from "../workspace/workspaces.ts";
import { type DurableSteps, ItemDriver } from "./item-driver.ts";
import { planItem } from "./items.ts";
import { onceSeed } from "./once-seed.ts";
import type { RunBook } from "./run-book.ts";

/** Below the time after which a silent instance counts as lost. */
const RENEW_MS = 4_000;

/** The caller of a run, with the redactor for its answers. */
export interface RunCallerContext {
  readonly caller: Caller;
  readonly redactor: Redactor;
}

/**
 * Carries out a run, or the rest of it: steps that are done are not done again. Ends at once if another instance has the
 * run.
 * @param callerFor opens the caller's tokens
 * @throws what keeps it from reporting; another instance goes on then
 */
export async function driveRun(
  book: RunBook,
  steps: DurableSteps,
  callerFor: (stored: StoredRun) => Promise<RunCallerContext>,
): Promise<void> {
  const stored = await book.begin();
  if (!stored) return;
  const input = runInput.parse(JSON.parse(stored.input));
  const context = await callerFor(stored);
  const ending = new AbortController();
  const beat = setInterval(() => void goesOn(book, ending), RENEW_MS);
  try {
    const items = input.for_each === undefined ? [0] : input.for_each.map((_, at) => at + 1);
    // All workers take from the one iterator.
    const left = items.values();
    const worker = async () => {
      for (const item of left) {
        if (ending.signal.aborted) return;
        await driveItem(item, input, stored, { book, steps, context, ending });
      }
    };
    const workers = input.for_each === undefined ? 1 : input.at_once;
    await Promise.all(Array.from({ length: workers }, worker));
  } finally {
    clearInterval(beat);
  }
  await steps.run("end", () => book.finish());
}

async function goesOn(book: RunBook, ending: AbortController): Promise<void> {
  // A report that fails says nothing about the run.
  if (!(await book.renew().catch(() => true))) ending.abort();
}

interface Drive {
  readonly book: RunBook;
  readonly steps: DurableSteps;
  readonly context: RunCallerContext;
  readonly ending: AbortController;
}

async function driveItem(item: number, input: RunInput, stored: StoredRun, drive: Drive): Promise<void> {
  const { book, steps, context, ending } = drive;
  const known = await book.states(item);
  const log = new StepLog(planItem(input, item));
  for (const { step, status, result, error } of known) {
    if (status === "done") log.restore(step, { is: "done", result: resultOf(result) });
    else if (status === "failed") log.restore(step, { is: "failed", error: JSON.parse(error ?? "{}") });
  }
  const driver = new ItemDriver({ item, log, book, steps, redactor: context.redactor, ending });
  const hasItems = item > 0;
  await runSteps(
    log,
    { ...context.caller, once: onceSeed(stored.seed, stored.attempt, item) },
    {
      signal: ending.signal,
      // An item is worked in by itself: `at_once` counts items.
      sideBySide: hasItems ? 1 : input.at_once,
      onError: input.on_error,
      around: (group, begin) => driver.carryOut(group, begin),
    },
  );
  driver.throwIfBroken();
  if (hasItems) await steps.run(`item ${item}: pause`, () => pauseAll(log, context.caller));
}

const resultOf = (json: string | null): object => {
  const result: unknown = JSON.parse(json ?? "{}");
  return typeof result === "object" && result !== null ? result : {};
};

/** An item is over: its workspaces make room for those of others. One that is not paused is idle, and pauses by itself. */
async function pauseAll(log: StepLog, caller: Caller): Promise<void> {
  const ids = log.done().flatMap((result) => (result.op === "clone" ? [String(result["sandbox_id"])] : []));
  await Promise.all([...new Set(ids)].map((id) => pauseWorkspace(caller, id).catch(() => undefined)));
}
