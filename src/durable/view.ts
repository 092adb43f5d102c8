import { pauseAt } from "../pool/tiers.ts";
import type { State } from "../pool/reconcile.ts";
import type { Row } from "./rows.ts";

/** A workspace as its owner may see it; times are Unix milliseconds. */
export interface View {
  readonly sandboxId: string;
  readonly repository: string;
  readonly agentId: string;
  readonly taskId: string;
  readonly state: State;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly pausesAt?: number;
}

export function viewOf(row: Row, ttlMs: number): View {
  return {
    sandboxId: row.sandbox_id,
    repository: row.repository ?? "",
    agentId: row.agent_id ?? "",
    taskId: row.task_id ?? "",
    state: row.state,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    ...(row.state === "bound" ? { pausesAt: pauseAt(row.last_used_at, ttlMs) } : {}),
  };
}
