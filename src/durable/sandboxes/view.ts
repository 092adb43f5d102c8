import type { State } from "../../pool/reconcile.ts";
import type { IdlePolicy } from "./idle-policy.ts";
import { type Loss, lossOf, type Saved, savedOf } from "./loss.ts";
import type { Row } from "../storage/row.ts";
import type { SnapshotRow } from "../storage/snapshot-table.ts";

/** A workspace as shown to its owner. Times are Unix milliseconds. */
export interface View {
  readonly sandboxId: string;
  readonly repository: string;
  readonly agentId: string;
  readonly taskId: string;
  readonly state: State;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly pausesAt?: number;
  /** Whether it was paused with unpushed work; absent if unknown. */
  readonly unpushed?: boolean;
  /** When a paused workspace is dropped for good if it stays unused. */
  readonly dropsAt?: number;
  /** Its recorded loss. */
  readonly loss?: Loss;
  readonly saved?: Saved;
}

/** Builds the owner's view of a row. */
export function viewOf(row: Row, idlePolicy: IdlePolicy, now: number): View {
  const keepUntil = idlePolicy.keepUntil(row, now);
  const loss = lossOf(row);
  const saved = savedOf(row);
  return {
    sandboxId: row.sandbox_id,
    repository: row.repository ?? "",
    agentId: row.agent_id ?? "",
    taskId: row.task_id ?? "",
    state: row.state,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    ...(row.state === "bound" && keepUntil !== undefined ? { pausesAt: keepUntil } : {}),
    ...(row.state === "paused" && row.unpushed !== null ? { unpushed: row.unpushed === 1 } : {}),
    ...(row.state === "paused" ? { dropsAt: idlePolicy.dropsAt(row, now) } : {}),
    ...(loss ? { loss } : {}),
    ...(saved ? { saved } : {}),
  };
}

/** A workspace as shown to the operator. */
export interface OwnedView extends View {
  readonly tenant: string;
  readonly tier?: "top" | "active" | "idle" | "cold";
}

/** A repository snapshot as shown to its tenant. Times are Unix milliseconds. */
export interface SnapshotView {
  readonly snapshotId: string;
  readonly repository: string;
  readonly state: "making" | "ready";
  readonly madeAt: number;
  readonly lastUsedAt: number;
  readonly starts: number;
  readonly head?: string;
  readonly bytes: number;
  /** Seconds of a full clone, and of the newest fetch on top of the snapshot. */
  readonly cloneS: number;
  readonly fetchS: number;
}

/** Builds the tenant's view of a snapshot. */
export function snapshotView(row: SnapshotRow): SnapshotView {
  return {
    snapshotId: row.snapshot_id,
    repository: row.repository,
    state: row.state === "making" ? "making" : "ready",
    madeAt: row.made_at,
    lastUsedAt: row.last_used_at,
    starts: row.starts,
    ...(row.head === null ? {} : { head: row.head }),
    bytes: row.bytes,
    cloneS: row.clone_s,
    fetchS: row.fetch_s,
  };
}
