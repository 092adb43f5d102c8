import { type RunInput, runInput } from "../api/run-schemas.ts";
import type { StoredRun } from "../durable/runs/types.ts";
import { errorBody, WarmtreeError } from "../errors.ts";
import type { Redactor } from "../redaction/redactor.ts";
import { StepLog } from "../steps/log.ts";
import { runSteps } from "../steps/run.ts";
import type { Caller } from "../workspace/caller.ts";
import { pauseWorkspace } from "../workspace/workspaces.ts";
import { type DurableSteps, ItemDriver } from "./item-driver.ts";
import { planItem } from "./items.ts";
import { onceSeed } from "./once-seed.ts";
import { Pulse } from "./pulse.ts";
import type { RunBook } from "./run-book.ts";

/** A third of the time after which a silent instance counts as lost. */
const RENEW_MS = 8_000;

/** The caller of a run, with the redactor for its results. */
export interface RunCallerContext {
  readonly caller: Caller;
  readonly redactor: Redactor;
}

type CallerFor = (stored: StoredRun) => Promise<RunCallerContext>;

/**
 * Executes a run, without the steps that are done already. Ends at once if another instance has the run.
 * @param callerFor opens the caller's tokens
 * @throws the error of a report that failed; another instance then continues the run
 */
export async function driveRun(book: RunBook, steps: DurableSteps, callerFor: CallerFor): Promise<void> {
  const stored = await book.begin();
  if (!stored) return;
  let error: string | undefined;
  try {
    await driveItems(stored, { book, steps, context: await callerFor(stored) });
  } catch (thrown) {
    // For example, the tokens cannot be opened: another instance would fail in the same way.
    if (!(thrown instanceof WarmtreeError)) throw thrown;
    error = JSON.stringify(errorBody(thrown));
  }
  await steps.run("end", () => book.finish(error));
}

interface Drive {
  readonly book: RunBook;
  readonly steps: DurableSteps;
  readonly context: RunCallerContext;
}

async function driveItems(stored: StoredRun, drive: Drive): Promise<void> {
  const input = runInput.parse(JSON.parse(stored.input));
  const ending = new AbortController();
  const pulse = new Pulse();
  const renew = async () => {
    // A failed report does not end the run.
    if (pulse.isWorking && !(await drive.book.renew().catch(() => true))) ending.abort();
  };
  const beat = setInterval(() => void renew(), RENEW_MS);
  try {
    const items = input.for_each === undefined ? [0] : input.for_each.map((_, at) => at + 1);
    // All workers share one iterator.
    const left = items.values();
    const worker = async () => {
      for (const item of left) {
        if (ending.signal.aborted) return;
        await driveItem(item, input, stored.seed, { ...drive, ending, pulse });
      }
    };
    const workers = input.for_each === undefined ? 1 : input.at_once;
    await Promise.all(Array.from({ length: workers }, worker));
  } finally {
    clearInterval(beat);
  }
}

async function driveItem(
  item: number,
  input: RunInput,
  seed: string,
  drive: Drive & { readonly ending: AbortController; readonly pulse: Pulse },
): Promise<void> {
  const { book, steps, context, ending, pulse } = drive;
  const known = await book.states(item);
  const log = new StepLog(planItem(input, item));
  for (const { step, status, attempt, result, error } of known) {
    log.setAttempt(step, attempt);
    if (status === "done") log.restore(step, { is: "done", result: resultOf(result) });
    else if (status === "failed") log.restore(step, { is: "failed", error: JSON.parse(error ?? "{}") });
  }
  const driver = new ItemDriver({ item, log, known, book, steps, redactor: context.redactor, ending, pulse });
  const hasItems = item > 0;
  await runSteps(
    log,
    { ...context.caller, once: onceSeed(seed, item) },
    {
      signal: ending.signal,
      // The steps of an item run in order: `at_once` counts items.
      sideBySide: hasItems ? 1 : input.at_once,
      onError: input.on_error,
      around: (group, begin) => driver.carryOut(group, begin),
    },
  );
  driver.throwIfBroken();
  const mayPause = hasItems && driver.hasWorked;
  if (mayPause) await steps.run(`item ${item}: pause`, () => pulse.during(() => pauseAll(log, context.caller)));
}

const resultOf = (json: string | null): object => {
  const result: unknown = JSON.parse(json ?? "{}");
  return typeof result === "object" && result !== null ? result : {};
};

/** Pauses the workspaces of an ended item, to make room for others. Ignores failures: the pool pauses idle ones. */
async function pauseAll(log: StepLog, caller: Caller): Promise<void> {
  const ids = log.done().flatMap((result) => (result.op === "clone" ? [String(result["sandbox_id"])] : []));
  await Promise.all([...new Set(ids)].map((id) => pauseWorkspace(caller, id).catch(() => undefined)));
}
