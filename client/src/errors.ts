import type { Problem } from "./generated.ts";

export type ErrorCode = Problem["code"];

/** An error that Warmtree answered. `problem` is the whole answer. */
export class WarmtreeError extends Error {
  override readonly name = "WarmtreeError";
  /** One of a closed list. */
  readonly code: ErrorCode;
  /** The failure, its effect on the work, and the next step. */
  readonly detail: string;
  readonly status: number;
  /** Whether the same call, sent again later, can succeed. */
  readonly retryable: boolean;
  /** Seconds to wait before that. */
  readonly retryAfter: number | undefined;
  /** Effect on the caller's work. */
  readonly work: Problem["work"];
  readonly problem: Problem;

  constructor(problem: Problem, retryAfter: number | undefined) {
    super(`${problem.code}: ${problem.detail}`);
    this.code = problem.code;
    this.detail = problem.detail;
    this.status = problem.status;
    this.retryable = problem.retryable;
    this.retryAfter = retryAfter;
    this.work = problem.work;
    this.problem = problem;
  }
}

/** No whole answer of Warmtree came: the connection failed, or a gateway answered. The call's effect is unknown. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
  /** Status of the gateway's response; undefined: no response. */
  readonly status: number | undefined;

  constructor(message: string, { status, cause }: { readonly status?: number; readonly cause?: unknown } = {}) {
    super(message, { cause });
    this.status = status;
  }
}
