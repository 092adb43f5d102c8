import { ERROR_KINDS, type ErrorType, WarmtreeError } from "../errors.ts";
import { OPERATIONS } from "./catalogue.ts";
import { recorder, type Recording } from "./recorder.ts";

type OperationLabel = (typeof OPERATIONS)[number];

/** What an operation's caller brings to its recording. */
export interface RecordedCaller extends Recording {
  readonly traceId?: string;
}

/**
 * Counts an operation as it starts and as it ends. Answers the very promise that `work` made, so that recording adds
 * nothing to what the caller waits for.
 */
export function recorded<Result>(name: string, caller: RecordedCaller, work: () => Promise<Result>): Promise<Result> {
  const operation = labelOf(name);
  const startedAt = performance.now();
  recorder.increment(caller, "git_operations_total", { operation, status: "started" });
  const result = work();
  void recordEnd(operation, caller, startedAt, result);
  return result;
}

async function recordEnd(
  operation: OperationLabel,
  caller: RecordedCaller,
  startedAt: number,
  result: Promise<unknown>,
): Promise<void> {
  try {
    await result;
  } catch (error) {
    failed(operation, caller, error);
    return;
  }
  succeeded(operation, caller, (performance.now() - startedAt) / 1000);
}

/** Counts an operation that ran together with others, after the fact. */
export function recordStep(name: string, caller: RecordedCaller, seconds: number, error?: unknown): void {
  const operation = labelOf(name);
  recorder.increment(caller, "git_operations_total", { operation, status: "started" });
  if (error !== undefined) failed(operation, caller, error);
  else succeeded(operation, caller, seconds);
}

function succeeded(operation: OperationLabel, caller: RecordedCaller, seconds: number): void {
  recorder.increment(caller, "git_operations_total", { operation, status: "success" });
  recorder.observe(caller, "git_operation_duration_seconds", { operation }, seconds, caller.traceId);
}

function failed(operation: OperationLabel, caller: RecordedCaller, error: unknown): void {
  recorder.increment(caller, "git_operations_total", { operation, status: "failure" });
  recorder.increment(caller, "git_operation_errors_total", { operation, error_type: typeOf(error) });
}

/** Callers name operations, so a name that is none must not become a series. */
function labelOf(name: string): OperationLabel {
  return OPERATIONS.find((label) => label === name) ?? "other";
}

function typeOf(error: unknown): ErrorType {
  return error instanceof WarmtreeError ? ERROR_KINDS[error.code].type : "other";
}
