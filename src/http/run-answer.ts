import type * as z from "zod/v4";
import type { runSchema, runStepSchema } from "../api/run-schemas.ts";
import { errorBody } from "../errors.ts";
import type { Redactor } from "../redaction/redactor.ts";
import type { StepLog } from "../steps/log.ts";
import type { Step } from "../steps/plan.ts";
import { asKnownError } from "../execution/known-error.ts";

export type RunStep = z.output<typeof runStepSchema>;

/** Returns a step in the form that callers get. */
export function runStepOf(log: StepLog, { at, op }: Step, redactor: Redactor): RunStep {
  const state = log.stateOf(at);
  const named = { step: at + 1, op };
  if (state.is === "done") return { ...named, status: "done", result: { ...state.result } };
  if (state.is === "failed") {
    return { ...named, status: "failed", error: errorBody(asKnownError(state.error), redactor) };
  }
  return { ...named, status: "not_begun" };
}

export function runOf(log: StepLog, redactor: Redactor): z.output<typeof runSchema> {
  const steps = log.steps.map((step) => runStepOf(log, step, redactor));
  return { ok: steps.every(({ status }) => status === "done"), steps };
}
