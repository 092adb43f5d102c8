import { dispatch, dispatchAgain } from "../execution/dispatch.ts";
import { calledOnce, onceOf } from "../execution/once.ts";
import { parseInput } from "../execution/parse-input.ts";
import { pushAgain, pushInTurn } from "../execution/push.ts";
import { execute } from "../facade.ts";
import { WarmtreeError } from "../errors.ts";
import { recordStep } from "../metrics/operations.ts";
import { batchOf, type BatchResult } from "../ops/batch.ts";
import { clone } from "../ops/clone.ts";
import type { Parsed } from "../ops/output/script-output.ts";
import { push } from "../ops/push.ts";
import { withWork } from "../ops/work.ts";
import { atOnce } from "../workspace/at-once.ts";
import type { Caller } from "../workspace/caller.ts";
import { listWorkspaces } from "../workspace/workspaces.ts";
import { useWorkspace } from "../workspace/grants.ts";
import type { StepLog } from "./log.ts";
import { nextSteps } from "./next.ts";
import { type InWorkspace, LIST, type Step } from "./plan.ts";
import { progressOf } from "./progress.ts";
import { filled, MissingAnswer } from "./references.ts";

export interface RunOptions {
  /** After its abort no step begins. */
  readonly signal: AbortSignal;
  /** Limit of concurrent requests; 1: the steps begin in their order. */
  readonly sideBySide: number;
  /** Whether more steps begin after a failure. */
  readonly onError: "stop" | "continue";
  /** Executes a group of steps by `begin`; a repeated call of `begin` retries those that are not done. Never throws. */
  readonly around?: (group: readonly Step[], begin: () => Promise<void>) => Promise<void>;
  /** Receives git's stderr and its step. */
  readonly onProgress?: (step: Step, text: string) => void;
}

/**
 * Runs the steps of a log: those of one workspace in order, in as few requests to its sandbox as possible. Records
 * failures in the log.
 */
export async function runSteps(log: StepLog, caller: Caller, options: RunOptions): Promise<void> {
  const { signal, sideBySide, onError, onProgress, around = (_group, begin) => begin() } = options;
  const running = new Set<Promise<void>>();
  for (;;) {
    const goesOn = () => !signal.aborted && (onError === "continue" || log.failure() === undefined);
    while (running.size < sideBySide && goesOn()) {
      const group = nextSteps(log, sideBySide === 1);
      if (group.length === 0) break;
      const begin = () => runTogether(marked(log, group), log, caller, onProgress);
      marked(log, group);
      const work: Promise<void> = around(group, begin).finally(() => running.delete(work));
      running.add(work);
    }
    if (running.size === 0) return;
    await Promise.race(running);
  }
}

/** Marks the steps that are not done as running, and returns them. */
function marked(log: StepLog, group: readonly Step[]): Step[] {
  const left = group.filter(({ at }) => log.stateOf(at).is !== "done");
  for (const step of left) log.set(step, { is: "running" });
  return left;
}

/** Runs a group in one request. Never throws: records a failure for the step that was running. */
async function runTogether(
  group: readonly Step[],
  log: StepLog,
  caller: Caller,
  onProgress: RunOptions["onProgress"],
): Promise<void> {
  const [first] = group;
  if (!first) return;
  // Concurrent requests need separate costs.
  const cost = { objectCalls: 0, sandboxMs: 0 };
  const heard = onProgress && { onProgress: progressOf(group, onProgress) };
  const own: Caller = { ...caller, ...heard, cost };
  try {
    if (first.operation) await runInWorkspace(group, log, own);
    else log.set(first, { is: "done", result: await runAlone(first, log, own) });
  } catch (error) {
    const failed = group.find(({ at }) => log.stateOf(at).is === "running") ?? first;
    log.set(failed, { is: "failed", error });
  } finally {
    caller.cost.objectCalls += cost.objectCalls;
    caller.cost.sandboxMs += cost.sandboxMs;
    // Steps after a failure were not begun.
    for (const step of group) if (log.stateOf(step.at).is === "running") log.set(step, { is: "waiting" });
  }
}

async function runAlone(step: Step, log: StepLog, caller: Caller): Promise<object> {
  if (step.op === LIST) return { workspaces: await listWorkspaces(caller) };
  return execute(clone.name, inputOf(step, log), calledOnce(caller, await onceOfStep(step, log, caller)));
}

interface Asked {
  readonly step: Step;
  readonly operation: InWorkspace;
  readonly input: { readonly sandbox_id: string };
  /** As in `Caller`. */
  readonly once: string | undefined;
}

async function onceOfStep({ at }: Step, log: StepLog, { once }: Caller): Promise<string | undefined> {
  const attempt = log.attemptOf(at);
  return once === undefined ? undefined : onceOf(once, at, ...(attempt > 1 ? [attempt] : []));
}

async function runInWorkspace(group: readonly Step[], log: StepLog, caller: Caller): Promise<void> {
  const asked = await askedOf(group, log, caller);
  const [first] = asked;
  if (!first) return;
  const startedAt = performance.now();
  caller.audit?.begun();
  const results = await atOnce(caller, () => resultsOf(asked, first.input.sandbox_id, caller)).catch(
    (error: unknown) => {
      // The progress inside the sandbox is unknown; count the first step as failed.
      recordStep(first.step.op, caller, 0, error);
      throw error;
    },
  );
  const meanS = (performance.now() - startedAt) / 1000 / results.length;
  for (const [index, { parsed: outcome, seconds = meanS }] of results.entries()) {
    const { step, operation } = asked[index] ?? first;
    const parsed = withWork(operation, outcome);
    recordStep(step.op, caller, seconds, parsed.ok ? undefined : parsed.error);
    if (!parsed.ok) {
      log.set(step, { is: "failed", error: parsed.error });
      return;
    }
    log.set(step, { is: "done", result: parsed.value });
  }
}

/**
 * Returns the steps with their input, up to the first whose input is invalid once its references are filled. That step
 * begins alone later, and then fails.
 * @throws invalid_input of the first step
 */
async function askedOf(group: readonly Step[], log: StepLog, caller: Caller): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (const step of group) {
    const { operation } = step;
    if (!operation) break;
    try {
      const input = parsedInput(step, operation, log);
      asked.push({ step, operation, input, once: await onceOfStep(step, log, caller) });
    } catch (error) {
      if (asked.length === 0) throw error;
      break;
    }
  }
  return asked;
}

function parsedInput(step: Step, operation: InWorkspace, log: StepLog): { readonly sandbox_id: string } {
  return step.checked ?? parseInput(operation.input, inputOf(step, log), `steps.${step.at}`);
}

/** Returns a step's input with its references filled. @throws invalid_input if a result lacks a referenced member */
function inputOf({ at, input, references }: Step, log: StepLog): object {
  try {
    return filled(input, references, (step) => {
      const state = log.stateOf(step);
      return state.is === "done" ? state.result : undefined;
    });
  } catch (error) {
    if (!(error instanceof MissingAnswer)) throw error;
    const field = `steps.${at}.${error.reference.field.join(".")}`;
    throw new WarmtreeError("invalid_input", `${field}: ${error.message} This step was not begun.`, { field });
  }
}

async function resultsOf(group: readonly Asked[], workspace: string, caller: Caller): Promise<BatchResult> {
  const [first] = group;
  const isAlone = group.length === 1;
  if (first && isAlone && first.step.op === push.name) {
    return [{ parsed: await pushInTurn(push.input.parse(first.input), calledOnce(caller, first.once)) }];
  }
  const grant = await useWorkspace(caller, workspace);
  if (first && isAlone) {
    return [{ parsed: await dispatch(first.operation, first.input, grant, calledOnce(caller, first.once)) }];
  }
  // A push in a batch does not wait for its turn unless it loses a race.
  const results = valueOf(
    await dispatch(
      batchOf(group.map(({ operation, input, once }) => ({ operation, asked: input, once }))),
      undefined,
      grant,
      calledOnce(caller, undefined),
      { push: { turn: "none" } },
    ),
  );
  const last = results.at(-1);
  const step = group[results.length - 1];
  if (!step || !last || last.parsed.ok) return results;
  const { pausing, lost } = last.parsed;
  const own = calledOnce(caller, step.once);
  const parsed = lost
    ? await pushAgain(push.input.parse(step.input), own, lost)
    : pausing
      ? await dispatch(step.operation, step.input, grant, own)
      : await dispatchAgain(step.operation, step.input, grant, own, last.parsed);
  return [...results.slice(0, -1), { parsed }];
}

function valueOf<Value extends object>(parsed: Parsed<Value>): Value {
  if (!parsed.ok) throw parsed.error;
  return parsed.value;
}
