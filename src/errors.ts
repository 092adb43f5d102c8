import { plainText } from "./redaction/plain-text.ts";
import type { Redactor } from "./redaction/redactor.ts";

/**
 * Types of errors in the metrics (`error_type`). One closed table, ERROR_KINDS, gives the HTTP status and type of each
 * error, and whether a retry can help. HTTP and MCP both read it, so an error has one meaning at every entry point.
 */
export type ErrorType = "auth" | "conflict" | "network" | "other";

interface ErrorKind {
  readonly status: number;
  readonly title: string;
  readonly type: ErrorType;
  /** Whether the same call can succeed later without other changes. */
  readonly retryable: boolean;
}

export const ERROR_KINDS = {
  invalid_input: { status: 400, title: "The request is not valid", type: "other", retryable: false },
  unauthenticated: { status: 401, title: "No valid API key", type: "auth", retryable: false },
  host_not_allowed: { status: 403, title: "This git host is not allowed", type: "auth", retryable: false },
  ref_not_allowed: { status: 403, title: "The push is not allowed", type: "auth", retryable: false },
  git_auth_failed: { status: 403, title: "The git host refused the credential", type: "auth", retryable: false },
  unknown_operation: { status: 404, title: "No such operation", type: "other", retryable: false },
  not_found: { status: 404, title: "Not found", type: "other", retryable: false },
  workspace_not_found: { status: 404, title: "No such workspace", type: "other", retryable: false },
  webhook_not_found: { status: 404, title: "No such webhook or delivery", type: "other", retryable: false },
  snapshot_not_found: { status: 404, title: "No such repository snapshot", type: "other", retryable: false },
  repository_not_found: { status: 404, title: "The git host has no such repository", type: "other", retryable: false },
  nothing_unpushed: { status: 404, title: "The remote has all work", type: "other", retryable: false },
  ref_not_found: { status: 404, title: "No such branch, tag or commit", type: "other", retryable: false },
  path_not_found: { status: 404, title: "No such path", type: "other", retryable: false },
  method_not_allowed: { status: 405, title: "The route does not accept this method", type: "other", retryable: false },
  not_cloned: { status: 409, title: "The workspace has no clone", type: "other", retryable: false },
  conflict: { status: 409, title: "The changes conflict", type: "conflict", retryable: false },
  dirty_tree: { status: 409, title: "Uncommitted changes are in the way", type: "conflict", retryable: false },
  workspace_rolled_back: {
    status: 409,
    title: "The workspace was resumed without its newest files",
    type: "other",
    retryable: false,
  },
  history_rewritten: {
    status: 409,
    title: "Commits were removed at the remote",
    type: "conflict",
    retryable: false,
  },
  patch_failed: { status: 409, title: "The patch does not apply", type: "conflict", retryable: false },
  push_rejected: { status: 409, title: "The git host refused the push", type: "conflict", retryable: false },
  run_not_ended: { status: 409, title: "The run goes on, or is done", type: "other", retryable: false },
  request_under_way: { status: 409, title: "This request is under way", type: "other", retryable: true },
  key_reused: { status: 422, title: "The key names another request", type: "other", retryable: false },
  workspace_gone: { status: 410, title: "The sandbox of this workspace is gone", type: "other", retryable: false },
  too_expensive: { status: 422, title: "The operation exceeds its limits", type: "other", retryable: false },
  rule_broken: { status: 422, title: "A rule of this service is against it", type: "other", retryable: false },
  payload_too_large: { status: 413, title: "The body is too large", type: "other", retryable: false },
  unsupported_media_type: { status: 415, title: "The body is not JSON", type: "other", retryable: false },
  rate_limited: { status: 429, title: "Too many requests", type: "other", retryable: true },
  internal: { status: 500, title: "Internal error", type: "other", retryable: false },
  git_failed: { status: 502, title: "git failed", type: "other", retryable: false },
  not_signed: { status: 502, title: "The commit could not be signed", type: "other", retryable: true },
  git_unreachable: { status: 502, title: "The git host did not answer", type: "network", retryable: true },
  misconfigured: { status: 503, title: "The service is misconfigured", type: "other", retryable: false },
  sandbox_unavailable: { status: 503, title: "No sandbox is available", type: "network", retryable: true },
  budget_exhausted: { status: 503, title: "The budget is spent", type: "other", retryable: false },
  workspace_busy: { status: 503, title: "The workspace is busy", type: "other", retryable: true },
  branch_busy: { status: 503, title: "Other pushes to the branch come first", type: "other", retryable: true },
  timeout: { status: 504, title: "The operation took too long", type: "network", retryable: true },
  disk_full: { status: 507, title: "The disk of the sandbox is full", type: "other", retryable: false },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

/** State of the caller's work. Part of every error of a call that may have had an effect. */
export interface Work {
  /** Commit that this call made; it is kept in the workspace. */
  readonly committed?: string;
  /** Whether the remote has it. `unknown`: the response was lost. Call status, or push again (no commit is doubled). */
  readonly pushed: boolean | "unknown";
  /** `merging`: conflict markers are in the files. Edit them and push. */
  readonly tree: "unchanged" | "changed" | "merging" | "unknown";
}

/** Limits of this service for one caller. */
export const LIMITS = [
  "requests_per_key",
  "requests_per_tenant",
  "operations_per_tenant",
  "workspaces_per_tenant",
  "runs_per_tenant",
  "webhooks_per_tenant",
] as const;
export type Limit = (typeof LIMITS)[number];

export const CONFLICT_KINDS = ["content", "both_added", "deleted_by_us", "deleted_by_them", "other"] as const;

/** One conflict in a file, with the text of all three sides. `ours` is the workspace's, `theirs` the remote's. */
export interface ConflictHunk {
  readonly path: string;
  readonly kind: (typeof CONFLICT_KINDS)[number];
  /** First line of the hunk in the file with markers, counted from 1; 0 if the sides have no text to show. */
  readonly line: number;
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
}

/** An error in one input field; `field` is its path (`files.0.path`), or "" for the whole input. */
export interface FieldError {
  readonly field: string;
  readonly detail: string;
}

/** A rule of this service that a call would break. */
export interface BrokenRule {
  readonly rule: string;
  readonly path?: string;
  readonly line?: number;
  /** Commit made before this call. */
  readonly commit?: string;
  /** The reason and the next step, without the content that broke the rule. */
  readonly detail: string;
}

export interface ErrorDetails {
  /** Path of the first wrong input field. */
  readonly field?: string;
  /** The wrong input fields, if there are several. */
  readonly errors?: readonly FieldError[];
  readonly retryAfterS?: number;
  /** Limit of this service that the caller has reached. A rate_limited without it is E2B's limit. */
  readonly limit?: Limit;
  readonly work?: Work;
  readonly conflicts?: readonly ConflictHunk[];
  /** Ids of the commits in question, newest first. */
  readonly commits?: readonly string[];
  readonly rules?: readonly BrokenRule[];
  /** Messages of the git host about a push. */
  readonly remoteMessages?: readonly string[];
  /** Whether the lists of the error are incomplete. */
  readonly truncated?: boolean;
}

/** The only error that leaves the facade. `detail` is for callers: the failure and the next step, without secrets. */
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
 * Returns an error in the flat form of every entry point (over HTTP, RFC 9457 adds type, title, status and instance).
 * The detail may quote a git host, a repository or E2B, so it is reduced to plain text.
 */
export function errorBody(error: WarmtreeError, redactor?: Redactor) {
  const plain = (text: string) => plainText(text, redactor);
  const { retryAfterS, remoteMessages, rules, ...rest } = error.details;
  return {
    code: error.code,
    detail: plain(error.message),
    retryable: ERROR_KINDS[error.code].retryable,
    ...(retryAfterS === undefined ? {} : { retry_after: retryAfterS }),
    ...rest,
    ...(rules === undefined ? {} : { rules: rules.map((rule) => ({ ...rule, detail: plain(rule.detail) })) }),
    ...(remoteMessages === undefined ? {} : { remote_messages: remoteMessages.map(plain) }),
  };
}
