import type { E2bError } from "../e2b/error.ts";
import { type ErrorCode, WarmtreeError, type Work } from "../errors.ts";
import { CutShort } from "../ops/cut-short.ts";
import type { SandboxTask } from "../ops/operation.ts";
import { openWork, UNTOUCHED } from "../ops/work.ts";

type FailedOperation = Pick<SandboxTask, "name" | "access" | "pushes" | "operations">;

/** Maps a sandbox failure to the caller's error: the failure, its effect on the work, and the next step. */
export function sandboxFailure(operation: FailedOperation, error: E2bError): WarmtreeError {
  const { code, happened } = failureOf(operation, error);
  const { work, next } = aftermathOf(operation, error);
  const { retryAfterS } = error;
  const details = { work, ...(retryAfterS === undefined ? {} : { retryAfterS }) };
  return new WarmtreeError(code, `${happened} ${next}`, details, error);
}

function failureOf({ name }: FailedOperation, { code, limitMs }: E2bError): { code: ErrorCode; happened: string } {
  const time = limitMs === undefined ? "its time" : `${Math.ceil(limitMs / 1000)} s`;
  switch (code) {
    case "process_deadline":
      return { code: "timeout", happened: `${name} took longer than ${time} and was stopped.` };
    case "timeout":
      return { code: "timeout", happened: `The sandbox did not answer ${name} within ${time}.` };
    case "rate_limited":
      return { code: "rate_limited", happened: "The sandbox accepts no more requests at the moment." };
    case "capacity":
      return { code: "disk_full", happened: `The disk of the sandbox has no room for ${name}.` };
    case "stream_broken":
      return {
        code: "sandbox_unavailable",
        happened: `The connection to the sandbox broke off before ${name} was answered.`,
      };
    case "not_running":
    case "not_found":
    case "conflict":
      return { code: "sandbox_unavailable", happened: `The sandbox stopped before ${name} was answered.` };
    case "unavailable":
    case "unauthenticated":
    case "invalid_request":
    case "protocol":
      return { code: "sandbox_unavailable", happened: `The sandbox did not answer ${name}.` };
  }
}

const DONE = {
  unknown: "It may have been done in part or completely, including the push.",
  false: "It may have been done in part or completely. Nothing was pushed.",
  true: "The push was done. Later work may not have been done.",
} as const;

function aftermathOf(operation: FailedOperation, error: E2bError): { work: Work; next: string } {
  const { access, pushes = false, operations } = operation;
  const { code, started, retryAfterS } = error;
  const again = retryAfterS === undefined ? "call again" : `call again in ${retryAfterS} s`;
  if (!started) {
    const next = code === "capacity" ? "delete files that you created and do not need, or push commits" : again;
    return { work: UNTOUCHED, next: `Nothing was done: ${next}.` };
  }
  const work = error instanceof CutShort ? { ...openWork(operation), pushed: error.pushed } : openWork(operation);
  if (access === "read") return { work, next: `Nothing was changed: ${again}.` };
  const done = DONE[`${work.pushed}`];
  // Completed steps are not undone by repeating all steps in order.
  const next =
    operations === undefined
      ? `Calling again is safe${pushes ? ": no commit is doubled" : ""}; status shows the state of the workspace.`
      : "Check with status and log how far it got, and repeat the missing steps.";
  return { work, next: `${done} ${next}` };
}
