import { day, NOTHING, until } from "./format.ts";
import type { Side } from "../metrics/sides.ts";
import type { Workspace } from "./types.ts";

/** Names of the sides of failures. */
export const SIDE_NAMES: Readonly<Record<Side, string>> = {
  caller: "caller",
  git_host: "git host",
  service: "service",
};

/** Agent and task; the handle if the caller gave neither. */
export function nameOf({ agent_id, task_id, sandbox_id }: Workspace): string {
  return [agent_id, task_id].filter((part) => part !== undefined).join(" / ") || sandbox_id;
}

export function stateOf({ state, tier }: Workspace): string {
  return state === "bound" && tier ? `${state} · ${tier}` : state;
}

/** The next automatic step for an unused workspace. */
export function nextOf({ state, pauses_at, drops_at }: Workspace, now: number): string {
  if (drops_at !== undefined) return `dropped ${day(drops_at)}, ${until(drops_at, now)}`;
  if (pauses_at !== undefined) return `paused ${until(pauses_at, now)}`;
  return state === "bound" ? "stays running" : NOTHING;
}
