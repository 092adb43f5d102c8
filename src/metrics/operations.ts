import { ERROR_KINDS, type ErrorCode, WarmtreeError } from "../errors.ts";
import { OPERATIONS as NAMED } from "../ops/registry.ts";
import type { EndedOperation, Given } from "./history.ts";
import { OPERATIONS } from "./catalogue.ts";
import { recorder, type Recording } from "./recorder.ts";
import { SIDE_OF, type Side } from "./sides.ts";

type OperationLabel = (typeof OPERATIONS)[number];

/** The caller's part of a record. */
export interface RecordedCaller extends Recording {
  readonly traceId?: string;
  readonly tenant: string;
  readonly requestId?: string;
  /** Receives the workspace, and the refs that the operation may change, once they are known. */
  readonly cost: { given?: Given; refs?: readonly string[] };
  readonly audit?: OperationLog;
}

/** Receives the operations of a request for the log. */
export interface OperationLog {
  begun(): void;
  /** @param error reason of its failure */
  ended(operation: LoggedOperation, error?: unknown): void;
}

export interface LoggedOperation extends EndedOperation {
  readonly refs?: readonly string[];
}

/**
 * Counts the start and the end of an operation. Returns the promise of `work` itself, so that recording adds no delay.
 * The end is recorded even if the client leaves meanwhile.
 */
export function recorded<Result>(name: string, caller: RecordedCaller, work: () => Promise<Result>): Promise<Result> {
  const startedAt = performance.now();
  started(name, caller);
  delete caller.cost.given;
  delete caller.cost.refs;
  const result = work();
  caller.waitUntil(recordEnd(name, caller, startedAt, result));
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
  const tookS = seconds();
  const own = { ...caller, cost: { ...caller.cost } };
  // In a later turn of the event loop, so that the response is sent first.
  await new Promise((resolve) => setTimeout(resolve));
  succeeded(name, own, tookS);
}

/** Counts an operation of a batch after the batch has ended. */
export function recordStep(name: string, caller: RecordedCaller, seconds: number, error?: unknown): void {
  started(name, caller);
  if (error !== undefined) failed(name, caller, seconds, error);
  else succeeded(name, caller, seconds);
}

function started(name: string, caller: RecordedCaller): void {
  caller.audit?.begun();
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
  recorder.increment(caller, "warmtree_failures_total", { operation, side: sideOf(error, code) });
  list(name, caller, seconds, code, error);
}

/** Returns the side of an error. The caller reaches a limit of this service; all callers together reach E2B's. */
const sideOf = (error: unknown, code: ErrorCode): Side =>
  error instanceof WarmtreeError && error.details.limit ? "caller" : SIDE_OF[code];

function list(name: string, caller: RecordedCaller, seconds: number, code?: ErrorCode, error?: unknown): void {
  const { tenant, cost, requestId } = caller;
  const known = NAMED.find((operation) => operation.name === name);
  const request = requestId === undefined ? {} : { requestId };
  const ended = {
    at: Date.now(),
    operation: known?.name ?? "other",
    tenant,
    seconds,
    ...(code && { code }),
    ...cost.given,
    ...request,
  };
  recorder.list(caller, ended);
  caller.audit?.ended({ ...ended, ...(known?.sends && cost.refs && { refs: cost.refs }) }, error);
}

/** Maps a name to its label. Callers send names, so an unknown name must not become a series. */
function labelOf(name: string): OperationLabel {
  return OPERATIONS.find((label) => label === name) ?? "other";
}
