import { plainText } from "./redaction/plain-text.ts";

/**
 * Every way an operation can end badly. One closed table decides the HTTP status, whether trying again can help, and
 * the `error_type` of the metrics; HTTP and MCP both read it, so an error means the same on every door.
 */
export type ErrorType = "auth" | "conflict" | "network" | "other";

interface ErrorKind {
  readonly status: number;
  readonly title: string;
  readonly type: ErrorType;
  /** Whether the same call, sent again later, can succeed without anybody changing anything. */
  readonly retryable: boolean;
}

export const ERROR_KINDS = {
  invalid_input: { status: 400, title: "The request is not valid", type: "other", retryable: false },
  unauthenticated: { status: 401, title: "No valid API key", type: "auth", retryable: false },
  host_not_allowed: { status: 403, title: "This git host is not allowed", type: "auth", retryable: false },
  git_auth_failed: { status: 403, title: "The git host refused the credential", type: "auth", retryable: false },
  unknown_operation: { status: 404, title: "No such operation", type: "other", retryable: false },
  not_found: { status: 404, title: "No such route", type: "other", retryable: false },
  workspace_not_found: { status: 404, title: "No such workspace", type: "other", retryable: false },
  snapshot_not_found: { status: 404, title: "No such repository snapshot", type: "other", retryable: false },
  repository_not_found: { status: 404, title: "The git host has no such repository", type: "other", retryable: false },
  ref_not_found: { status: 404, title: "No such branch, tag or commit", type: "other", retryable: false },
  path_not_found: { status: 404, title: "No such path", type: "other", retryable: false },
  method_not_allowed: { status: 405, title: "The route does not take this method", type: "other", retryable: false },
  not_cloned: { status: 409, title: "The workspace holds no clone", type: "other", retryable: false },
  conflict: { status: 409, title: "The changes conflict", type: "conflict", retryable: false },
  dirty_tree: { status: 409, title: "Uncommitted changes are in the way", type: "conflict", retryable: false },
  workspace_rolled_back: {
    status: 409,
    title: "The workspace came back without its newest files",
    type: "other",
    retryable: false,
  },
  history_rewritten: {
    status: 409,
    title: "Commits were taken away at the remote",
    type: "conflict",
    retryable: false,
  },
  patch_failed: { status: 409, title: "The patch does not apply", type: "conflict", retryable: false },
  push_rejected: { status: 409, title: "The git host refused the push", type: "conflict", retryable: false },
  workspace_gone: { status: 410, title: "The sandbox of this workspace is gone", type: "other", retryable: false },
  too_expensive: { status: 422, title: "It takes more than an operation gets", type: "other", retryable: false },
  payload_too_large: { status: 413, title: "The body is too large", type: "other", retryable: false },
  unsupported_media_type: { status: 415, title: "The body is not JSON", type: "other", retryable: false },
  rate_limited: { status: 429, title: "Too many requests", type: "other", retryable: true },
  internal: { status: 500, title: "Internal error", type: "other", retryable: false },
  git_failed: { status: 502, title: "git failed", type: "other", retryable: false },
  git_unreachable: { status: 502, title: "The git host did not answer", type: "network", retryable: true },
  misconfigured: { status: 503, title: "The service is not set up", type: "other", retryable: false },
  sandbox_unavailable: { status: 503, title: "No sandbox could be had", type: "network", retryable: true },
  budget_exhausted: { status: 503, title: "The budget is spent", type: "other", retryable: false },
  workspace_busy: { status: 503, title: "The workspace is busy", type: "other", retryable: true },
  branch_busy: { status: 503, title: "Others push to the branch", type: "other", retryable: true },
  timeout: { status: 504, title: "The operation took too long", type: "network", retryable: true },
  disk_full: { status: 507, title: "The disk of the sandbox is full", type: "other", retryable: false },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

/** What became of the caller's work: said with every error after which something may have been done. */
export interface Work {
  /** Commit that this call made and that is kept in the workspace. */
  readonly committed?: string;
  /** Whether the remote has it. `unknown`: the answer was lost; ask status, or push again (it never doubles a commit). */
  readonly pushed: boolean | "unknown";
  /** `merging`: conflict markers are in the files, edit them and push. */
  readonly tree: "unchanged" | "changed" | "merging" | "unknown";
}

export const CONFLICT_KINDS = ["content", "both_added", "deleted_by_us", "deleted_by_them", "other"] as const;

/** One conflicted place of one file, with the text of all three sides: `ours` is the workspace's, `theirs` the remote's. */
export interface ConflictHunk {
  readonly path: string;
  readonly kind: (typeof CONFLICT_KINDS)[number];
  /** First line of the hunk in the file with markers, counted from 1; 0 where the sides have no text to show. */
  readonly line: number;
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
}

export interface ErrorDetails {
  /** Name of the input field that is wrong, as a path (`files.0.path`). */
  readonly field?: string;
  readonly retryAfterS?: number;
  readonly work?: Work;
  readonly conflicts?: readonly ConflictHunk[];
  /** Ids of the commits in question, newest first. */
  readonly commits?: readonly string[];
  /** What the git host said to a push. */
  readonly remoteMessages?: readonly string[];
  /** More was there than is told. */
  readonly truncated?: boolean;
}

/** The one error that leaves the facade. `detail` is for callers: what happened and what to do, nothing secret. */
export class WarmtreeError extends Error {
  override readonly name = "WarmtreeError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, detail: string, details: ErrorDetails = {}, cause?: unknown) {
    super(detail, { cause });
    this.code = code;
    this.details = details;
  }
}

/**
 * The flat form every door sends (RFC 9457 adds type, title, status and instance over HTTP). The detail may quote a git
 * host, a repository or E2B, so it is told as plain text.
 */
export function errorBody(error: WarmtreeError) {
  const { retryAfterS, remoteMessages, ...rest } = error.details;
  return {
    code: error.code,
    detail: plainText(error.message),
    retryable: ERROR_KINDS[error.code].retryable,
    ...(retryAfterS === undefined ? {} : { retry_after: retryAfterS }),
    ...rest,
    ...(remoteMessages === undefined ? {} : { remote_messages: remoteMessages.map(plainText) }),
  };
}
