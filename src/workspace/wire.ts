import { bundlePath, type Loss, type Saved } from "../durable/sandboxes/loss.ts";
import type { View } from "../durable/sandboxes/view.ts";
import type { State } from "../pool/reconcile.ts";

/** A workspace on the wire; times in RFC 3339. */
export interface WorkspaceView {
  readonly sandbox_id: string;
  readonly repository: string;
  readonly agent_id?: string;
  readonly task_id?: string;
  readonly state: State;
  readonly created_at: string;
  readonly last_used_at: string;
  readonly pauses_at?: string;
  readonly unpushed?: boolean;
  readonly drops_at?: string;
  readonly lost?: WireLoss;
  readonly saved?: WireSaved;
}

/** Saved work on the wire. */
interface WireSaved {
  readonly at: string;
  readonly bytes: number;
  readonly until: string;
}

/** A workspace's loss on the wire; times in RFC 3339. */
export interface WireLoss {
  readonly since: string;
  readonly head?: string;
  readonly unpushed: boolean | "unknown";
  /** Path of the download of the saved work. */
  readonly bundle?: string;
}

const rfc3339 = (timeMs: number) => new Date(timeMs).toISOString();

/** Converts a workspace to its wire format. */
export function wireView(view: View): WorkspaceView {
  return {
    sandbox_id: view.sandboxId,
    repository: view.repository,
    ...(view.agentId ? { agent_id: view.agentId } : {}),
    ...(view.taskId ? { task_id: view.taskId } : {}),
    state: view.state,
    created_at: rfc3339(view.createdAt),
    last_used_at: rfc3339(view.lastUsedAt),
    ...(view.pausesAt === undefined ? {} : { pauses_at: rfc3339(view.pausesAt) }),
    ...(view.unpushed === undefined ? {} : { unpushed: view.unpushed }),
    ...(view.dropsAt === undefined ? {} : { drops_at: rfc3339(view.dropsAt) }),
    ...(view.loss === undefined ? {} : { lost: wireLoss(view.loss) }),
    ...(view.saved === undefined ? {} : { saved: wireSaved(view.saved) }),
  };
}

function wireSaved({ at, bytes, until }: Saved): WireSaved {
  return { at: rfc3339(at), bytes, until: rfc3339(until) };
}

/** Converts a loss to its wire format. */
export function wireLoss({ at, head, unpushed, savedAs }: Loss): WireLoss {
  return {
    since: rfc3339(at),
    ...(head === undefined ? {} : { head }),
    unpushed: unpushed ?? "unknown",
    ...(savedAs === undefined ? {} : { bundle: bundlePath(savedAs) }),
  };
}
