/** Kinds of failures of a call to E2B, as far as callers treat them differently. */
export type E2bErrorCode =
  /** Key or token refused, or not allowed to touch this. */
  | "unauthenticated"
  | "not_found"
  /** Too many requests; `retryAfterS` says when to come back, if E2B said so. */
  | "rate_limited"
  /** No room: the account's concurrent sandboxes, E2B's machines, or the sandbox's disk. */
  | "capacity"
  /** The sandbox is changing state (being killed, paused or resumed). */
  | "conflict"
  | "invalid_request"
  /** The sandbox is paused, killed or expired: connect resumes it, or answers not_found. */
  | "not_running"
  /** E2B or the connection to it failed. */
  | "unavailable"
  /** No complete response within the time limit. */
  | "timeout"
  /** The response began and then broke off. */
  | "stream_broken"
  /** The response does not have the form that E2B's API promises. */
  | "protocol"
  /** The process ran past its time and the sandbox killed it. */
  | "process_deadline";

interface E2bErrorFacts {
  /**
   * Whether the call can have had an effect. False is proof that it had none, so even a call
   * that is not idempotent may be made again.
   */
  started: boolean;
  /** HTTP status of the answer, when there was one. */
  status?: number | undefined;
  /** Seconds to wait before the next try, from Retry-After. */
  retryAfterS?: number | undefined;
  /** E2B's advice on a retry, from Should-Retry. */
  retryAdvised?: boolean | undefined;
  /** For `timeout` and `process_deadline`: the exceeded limit in milliseconds, if it was ours. */
  limitMs?: number | undefined;
  /** For `process_deadline`: the whole output of the process until then; absent if it was too much. */
  stdout?: Uint8Array | undefined;
}

/** Every failure of src/e2b. Messages hold no keys or tokens. */
export class E2bError extends Error {
  override readonly name = "E2bError";
  readonly code: E2bErrorCode;
  readonly started: boolean;
  readonly status: number | undefined;
  readonly retryAfterS: number | undefined;
  readonly retryAdvised: boolean | undefined;
  readonly limitMs: number | undefined;
  readonly stdout: Uint8Array | undefined;

  constructor(code: E2bErrorCode, message: string, facts: E2bErrorFacts) {
    super(message);
    this.code = code;
    this.started = facts.started;
    this.status = facts.status;
    this.retryAfterS = facts.retryAfterS;
    this.retryAdvised = facts.retryAdvised;
    this.limitMs = facts.limitMs;
    this.stdout = facts.stdout;
  }
}
