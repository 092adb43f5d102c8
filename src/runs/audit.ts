import { operationLine } from "../metrics/audit-line.ts";
import type { OperationLog } from "../metrics/operations.ts";
import { writeLine } from "../redaction/log-line.ts";
import type { Redactor } from "../redaction/redactor.ts";
import type { RunCaller } from "../durable/runs/types.ts";

/** Writes an audit line for each operation of a run, like those for operations of requests. */
export function runAudit(run: string, { key, requestId }: RunCaller, redactor: Redactor): OperationLog {
  const head = { event: "audit", of: "operation", run, ...(requestId !== undefined && { request_id: requestId }) };
  return {
    begun: () => undefined,
    ended(operation) {
      const line = { ...(key !== undefined && { key }), ...operationLine(operation) };
      writeLine("log", { ...head, time: new Date().toISOString(), ...line }, redactor);
    },
  };
}
