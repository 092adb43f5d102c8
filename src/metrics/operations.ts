import { ERROR_KINDS, type ErrorCode, WarmtreeError } from "../errors.ts";
import { OPERATIONS as NAMED } from "../ops/registry.ts";
import type { Source } from "../pool/sources.ts";
import { OPERATIONS } from "./catalogue.ts";
import { recorder, type Recording } from "./recorder.ts";

type OperationLabel = (typeof OPERATIONS)[number];

/** What an operation's caller brings to its recording. */
export interface RecordedCaller extends Recording {
  readonly traceId?: string;
  readonly tenant: string;
  /** Is told by whoever finds the operation a sandbox. */
  readonly cost: { given?: { readonly sandboxId: string; readonly source: Source } };
}

/**
 * Counts an operation as it starts and as it ends. Answers the very promise that `work` made, so that recording adds
 * nothing to what the caller waits for.
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

/** Counts an operation that ran together with others, after the fact. */
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
  list(name, caller, seconds, code);
}

function list(name: string, caller: RecordedCaller, seconds: number, code?: ErrorCode): void {
  const { tenant, cost } = caller;
  const operation = NAMED.some((known) => known.name === name) ? name : "other";
  recorder.list(caller, { at: Date.now(), operation, tenant, seconds, ...(code && { code }), ...cost.given });
}

/** Callers name operations, so a name that is none must not become a series. */
function labelOf(name: string): OperationLabel {
  return OPERATIONS.find((label) => label === name) ?? "other";
}
