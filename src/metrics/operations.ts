import { ERROR_KINDS, type ErrorCode, WarmtreeError } from "../errors.ts";
import { OPERATIONS as NAMED } from "../ops/registry.ts";
import type { Given } from "./history.ts";
import { OPERATIONS } from "./catalogue.ts";
import { recorder, type Recording } from "./recorder.ts";
import { SIDE_OF } from "./sides.ts";

type OperationLabel = (typeof OPERATIONS)[number];

/** The caller's part of a record. */
export interface RecordedCaller extends Recording {
  readonly traceId?: string;
  readonly tenant: string;
  readonly requestId?: string;
  /** Receives the workspace once it is known. */
  readonly cost: { given?: Given };
}

/**
 * Counts the start and the end of an operation. Returns the promise of `work` itself, so that recording adds no delay.
 */
export function recorded<Result>(name: string, caller: RecordedCaller, work: () => Promise<Result>): Promise<Result> {
  const startedAt = performance.now();
  started(name, caller);
  delete caller.cost.given;
  const result = work();
  void recordEnd(name, caller, startedAt, result);
  return result;
}

async function recordEnd(
  name: string,
  caller: RecordedCaller,
  startedAt: number,
  result: Promise<unknown>,
): Promise<void> {
  const seconds = () => (performance.now() - startedAt) / 1000;
  try {
    await result;
  } catch (error) {
    failed(name, caller, seconds(), error);
    return;
  }
  succeeded(name, caller, seconds());
}

/** Counts an operation of a batch after the batch has ended. */
export function recordStep(name: string, caller: RecordedCaller, seconds: number, error?: unknown): void {
  started(name, caller);
  if (error !== undefined) failed(name, caller, seconds, error);
  else succeeded(name, caller, seconds);
}

function started(name: string, caller: RecordedCaller): void {
  recorder.increment(caller, "git_operations_total", { operation: labelOf(name), status: "started" });
}

function succeeded(name: string, caller: RecordedCaller, seconds: number): void {
  const operation = labelOf(name);
  recorder.increment(caller, "git_operations_total", { operation, status: "success" });
  recorder.observe(caller, "git_operation_duration_seconds", { operation }, seconds, caller.traceId);
  list(name, caller, seconds);
}

function failed(name: string, caller: RecordedCaller, seconds: number, error: unknown): void {
  const operation = labelOf(name);
  const code = error instanceof WarmtreeError ? error.code : "internal";
  recorder.increment(caller, "git_operations_total", { operation, status: "failure" });
  recorder.increment(caller, "git_operation_errors_total", { operation, error_type: ERROR_KINDS[code].type });
  recorder.increment(caller, "warmtree_failures_total", { operation, side: SIDE_OF[code] });
  list(name, caller, seconds, code);
}

function list(name: string, caller: RecordedCaller, seconds: number, code?: ErrorCode): void {
  const { tenant, cost, requestId } = caller;
  const operation = NAMED.some((known) => known.name === name) ? name : "other";
  const request = requestId === undefined ? {} : { requestId };
  recorder.list(caller, {
    at: Date.now(),
    operation,
    tenant,
    seconds,
    ...(code && { code }),
    ...cost.given,
    ...request,
  });
}

/** Maps a name to its label. Callers send names, so an unknown name must not become a series. */
function labelOf(name: string): OperationLabel {
  return OPERATIONS.find((label) => label === name) ?? "other";
}
