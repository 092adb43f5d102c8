import type { Config } from "../config.ts";
import type { Given } from "../metrics/history.ts";
import type { OperationLog } from "../metrics/operations.ts";
import type { GitTokens } from "../remote/credentials.ts";

/**
 * The caller of an operation, and the Worker context that it needs. Each entry point creates one after authentication.
 */
export interface Caller {
  readonly tenant: string;
  /** Beginning of the digest of the caller's API key; absent: no key. */
  readonly key?: string;
  /** The caller's own git credentials (`X-Git-Token`), for this call only. */
  readonly gitTokens?: GitTokens;
  readonly env: Env;
  readonly config: Config;
  /** Origin of the request's URL; absent: there was no request. */
  readonly calledAt?: string;
  /**
   * Equal for attempts of the same call (src/execution/once.ts): the sandbox executes it once, even if an earlier
   * attempt lost its Worker. Absent: each call is executed.
   */
  readonly once?: string;
  /** Runs work that the response does not wait for. */
  waitUntil(work: Promise<unknown>): void;
  /** Receives git's stderr while an operation runs. */
  readonly onProgress?: (text: string) => void;
  /** Receives the number of pushes ahead of a waiting push. */
  readonly onBefore?: (before: number) => void;
  /** Id of a sampled trace; metrics attach it as exemplar. */
  readonly traceId?: string;
  /** Id of the request, sent in the response as X-Request-Id. */
  readonly requestId?: string;
  readonly audit?: OperationLog;
  /** Cost of the call, for `Server-Timing`, and the last requested workspace. */
  readonly cost: {
    objectCalls: number;
    sandboxMs: number;
    given?: Given;
    /** Refs that the operation may change. */
    refs?: readonly string[];
  };
}

/** The part of a caller that calls to the pool need. */
export type PoolClientContext = Pick<Caller, "env" | "config" | "cost">;
