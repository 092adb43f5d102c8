import type { State } from "../../pool/reconcile.ts";

/** One row of `sandbox`; see schema.ts. A type, not an interface: SqlStorage requires an index signature. */
export type Row = {
  sandbox_id: string;
  e2b_id: string | null;
  access_token: string | null;
  domain: string | null;
  envd_version: string | null;
  state: State;
  generation: number;
  template: string;
  tenant: string | null;
  repository: string | null;
  url: string | null;
  agent_id: string | null;
  task_id: string | null;
  created_at: number;
  last_used_at: number;
  ends_at: number;
  charged_until: number | null;
  head: string | null;
  unpushed: number | null;
  announced_at: number | null;
  due_at: number | null;
  failures: number;
  maker_of: string | null;
  lost_at: number | null;
  lost_head: string | null;
  lost_unpushed: number | null;
  loss_told: number;
  saved_at: number | null;
  saved_bytes: number | null;
  save_after: number | null;
  sealed_to: string | null;
  drop_told: number;
};

export interface WorkspaceKey {
  readonly tenant: string;
  readonly repository: string;
  /** '' if the caller sent none. */
  readonly agentId: string;
  readonly taskId: string;
  /** URL of the repository. */
  readonly url: string;
}

/** The columns that a transition may write. The binding of a row never changes. */
export type Transition = Partial<
  Pick<
    Row,
    | "state"
    | "e2b_id"
    | "access_token"
    | "domain"
    | "envd_version"
    | "last_used_at"
    | "ends_at"
    | "charged_until"
    | "head"
    | "unpushed"
    | "announced_at"
    | "due_at"
    | "failures"
    | "lost_at"
    | "lost_head"
    | "lost_unpushed"
    | "loss_told"
    | "saved_at"
    | "saved_bytes"
    | "save_after"
    | "sealed_to"
    | "drop_told"
  >
>;

/** Filter of listed workspaces; '' matches all. */
export interface PageFilter {
  readonly tenant: string;
  /** Part of repository, agent, task or handle; case-insensitive. */
  readonly text: string;
}

/** The last workspace of a page; the next page starts after it. */
export interface PageEnd {
  readonly lastUsedAt: number;
  readonly sandboxId: string;
}
