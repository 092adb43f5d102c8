import type { ErrorCode } from "../errors.ts";

/** The side that must act so that an operation does not fail again. */
export const SIDES = ["caller", "git_host", "service"] as const;
export type Side = (typeof SIDES)[number];

/**
 * The side of each error. `caller`: another call, or other work in the workspace, is needed; `git_host`: it refused, or
 * was not reached; `service`: E2B, the settings or Warmtree itself.
 */
export const SIDE_OF: Readonly<Record<ErrorCode, Side>> = {
  invalid_input: "caller",
  unauthenticated: "caller",
  host_not_allowed: "caller",
  ref_not_allowed: "caller",
  git_auth_failed: "git_host",
  unknown_operation: "caller",
  not_found: "caller",
  workspace_not_found: "caller",
  nothing_unpushed: "caller",
  snapshot_not_found: "caller",
  webhook_not_found: "caller",
  repository_not_found: "caller",
  ref_not_found: "caller",
  path_not_found: "caller",
  method_not_allowed: "caller",
  not_cloned: "caller",
  conflict: "caller",
  dirty_tree: "caller",
  workspace_rolled_back: "service",
  history_rewritten: "caller",
  run_not_ended: "caller",
  request_under_way: "caller",
  key_reused: "caller",
  patch_failed: "caller",
  push_rejected: "git_host",
  rule_broken: "caller",
  workspace_gone: "service",
  too_expensive: "caller",
  payload_too_large: "caller",
  unsupported_media_type: "caller",
  rate_limited: "service",
  internal: "service",
  git_failed: "service",
  not_signed: "service",
  git_unreachable: "git_host",
  misconfigured: "service",
  sandbox_unavailable: "service",
  budget_exhausted: "service",
  // Calls of the same workspace or branch wait for each other.
  workspace_busy: "caller",
  branch_busy: "caller",
  timeout: "service",
  disk_full: "service",
};
