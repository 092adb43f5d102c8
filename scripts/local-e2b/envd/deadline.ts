import type { IncomingMessage } from "node:http";
import { ConnectError } from "../connect/error.ts";

/** Returns Connect-Timeout-Ms; undefined for no limit. @throws ConnectError */
export function timeoutOf(request: IncomingMessage): number | undefined {
  const header = request.headers["connect-timeout-ms"];
  if (header === undefined) return undefined;
  const ms = Number(header);
  if (!Number.isInteger(ms) || ms < 0) {
    throw new ConnectError("invalid_argument", "Connect-Timeout-Ms: expected a whole number of milliseconds");
  }
  return ms === 0 ? undefined : ms;
}

export function deadlineError(): ConnectError {
  return new ConnectError("deadline_exceeded", "context deadline exceeded");
}
