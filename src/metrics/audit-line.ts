import type { ErrorCode } from "../errors.ts";
import type { LoggedOperation } from "./operations.ts";

/** One line of the audit log, without its time and request id. Contains no text of callers' files, and no query. */
export interface AuditLine {
  readonly tenant?: string;
  /** Beginning of the SHA-256 of the API key. */
  readonly key?: string;
  /** Set if the holder of OPERATOR_KEY acted for the tenant. */
  readonly actor?: "operator";
  /** Operation, git's service, or method and pattern of the route. */
  readonly what: string;
  readonly repository?: string;
  readonly sandbox_id?: string;
  readonly agent_id?: string;
  /** For the broker: id of the request whose operation has the lease. */
  readonly operation_request_id?: string;
  readonly refs?: readonly string[];
  /** Number of refs that the line leaves out. */
  readonly more_refs?: number;
  readonly verdict: "allowed" | "refused";
  readonly code?: string;
  readonly status?: number;
  readonly bytes_in?: number;
  readonly bytes_out?: number;
  readonly ms?: number;
}

/** Codes of refused calls; any other code means that the call was allowed, and failed. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  "invalid_input",
  "unauthenticated",
  "host_not_allowed",
  "ref_not_allowed",
  "git_auth_failed",
  "unknown_operation",
  "not_found",
  "workspace_not_found",
  "snapshot_not_found",
  "webhook_not_found",
  "method_not_allowed",
  "rule_broken",
  "payload_too_large",
  "unsupported_media_type",
  "rate_limited",
  "budget_exhausted",
]);

/** Returns the verdict and the code. */
export function verdictOf(code: ErrorCode | undefined): Pick<AuditLine, "verdict" | "code"> {
  if (code === undefined) return { verdict: "allowed" };
  return { verdict: REFUSALS.has(code) ? "refused" : "allowed", code };
}

/** Limits of the refs in a line, because log services cut long lines. */
const MAX_REFS = 20;
const MAX_REF_LENGTH = 250;

export function refsOf(refs: readonly string[] = []): Pick<AuditLine, "refs" | "more_refs"> {
  if (refs.length === 0) return {};
  const shown = refs.slice(0, MAX_REFS).map((ref) => ref.slice(0, MAX_REF_LENGTH));
  const more = refs.length - shown.length;
  return { refs: shown, ...(more > 0 && { more_refs: more }) };
}

export function operationLine(ended: LoggedOperation): AuditLine {
  const { tenant, operation, repository, sandboxId, agentId, refs, code, seconds } = ended;
  return {
    tenant,
    what: operation,
    ...(repository !== undefined && { repository }),
    ...(sandboxId !== undefined && { sandbox_id: sandboxId }),
    ...(agentId !== undefined && { agent_id: agentId }),
    ...refsOf(refs),
    ...verdictOf(code),
    ms: seconds * 1000,
  };
}
