import type { WebhookEvent } from "../../webhooks/events.ts";
import type { Row } from "../storage/row.ts";

/** Returns the event of a workspace that was paused with unpushed work; undefined: it had none, or was reported. */
export function pausedEvent(before: Row, paused: Row, dropsAt: number, at: number): WebhookEvent | undefined {
  const { tenant, sandbox_id, generation } = paused;
  if (tenant === null || paused.unpushed !== 1) return undefined;
  // A repeated pause was reported before.
  if (before.state === "paused" && before.unpushed === 1) return undefined;
  const id = `paused ${sandbox_id} ${generation}`;
  return { tenant, id, at, type: "workspace.paused", data: workspaceOf(paused, dropsAt) };
}

/** Returns the event of a paused workspace that will be dropped at `dropsAt`. */
export function droppingEvent(row: Row, dropsAt: number, at: number): WebhookEvent | undefined {
  const { tenant, sandbox_id, unpushed } = row;
  if (tenant === null) return undefined;
  const known = unpushed === null ? ("unknown" as const) : unpushed === 1;
  const data = { ...workspaceOf(row, dropsAt), unpushed: known };
  return { tenant, id: `dropping ${sandbox_id} ${dropsAt}`, at, type: "workspace.dropping", data };
}

function workspaceOf({ sandbox_id, repository, agent_id, task_id, head }: Row, dropsAt: number) {
  return {
    sandbox_id,
    repository: repository ?? "",
    ...(agent_id && { agent_id }),
    ...(task_id && { task_id }),
    ...(head && { head }),
    drops_at: new Date(dropsAt).toISOString(),
  };
}
