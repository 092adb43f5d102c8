import type { CallToolResult } from "@modelcontextprotocol/server";
import { type RunInput, runInput } from "../api/run-schemas.ts";
import type { Redactor } from "../redaction/redactor.ts";
import { keptResult } from "../runs/kept-result.ts";
import { getRun } from "../runs/runs.ts";
import { startRun } from "../runs/start.ts";
import type { StepLog } from "../steps/log.ts";
import type { Caller } from "../workspace/caller.ts";
import { answered, withNextPage } from "./result.ts";

/** A call as the steps of a run. */
export interface CallAsSteps {
  readonly steps: RunInput["steps"];
  readonly sandbox_id?: string | undefined;
  /** Name of the call, so that its run does not execute its steps twice. */
  readonly seed: string;
  /** Absent for a call of one operation. */
  readonly log?: StepLog;
}

/**
 * Converts a call that takes too long to a run, which continues without the client.
 * @returns id of the run; undefined if none could be started: then the call continues by itself
 */
export async function handOver(
  caller: Caller,
  { steps, sandbox_id, seed, log }: CallAsSteps,
  redactor: Redactor,
): Promise<string | undefined> {
  const done = log?.in("done").flatMap(({ at }) => {
    const state = log.stateOf(at);
    return state.is === "done" ? [{ step: at, ...keptResult(state.result, redactor) }] : [];
  });
  const own = sandbox_id === undefined ? {} : { sandbox_id };
  const input = runInput.parse({ ...own, steps, async: true, at_once: 1 });
  const started = await startRun(caller, input, { seed, done: done ?? [] }).catch(() => undefined);
  return started?.run;
}

/** Tells a model how to get the outcome of a run. */
export const askFor = (run: string): string => `Call git_run {"run": "${run}"} for its outcome.`;

/** Waits for a run, and returns the states of its steps. @throws not_found */
export async function outcomeOf(caller: Caller, run: string, waitMs: number): Promise<CallToolResult> {
  const { status, steps = [], for_each: items } = await getRun(caller, run, Math.floor(waitMs / 1000));
  const named = (...wanted: string[]) => steps.filter((step) => wanted.includes(step.status)).map(({ op }) => op);
  const done = steps.flatMap((step) => (step.status === "done" ? [withNextPage({ op: step.op, ...step.result })] : []));
  const error = steps.find((step) => step.status === "failed")?.error;
  const isOver = status === "done" || status === "failed" || status === "canceled";
  const facts = {
    run,
    status,
    ...(!isOver && { detail: `It is not done. ${askFor(run)}` }),
    ...error,
    ...(items === undefined ? { done } : { items }),
    ...(status !== "done" && {
      stopped_at: named("running", "waiting", "failed"),
      not_begun: named("not_begun"),
    }),
  };
  return { ...answered(facts), ...(error && { isError: true }) };
}
