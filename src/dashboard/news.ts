import { hasEnded } from "../durable/runs/types.ts";
import type { Overview, RunSummary } from "./types.ts";

/** "2026-11-30T01:15" */
const MINUTE_LENGTH = 16;

/** Changes when something happened to workspaces. */
export const newsOfWorkspaces = ({ newest, sandboxes }: Overview): string =>
  JSON.stringify([newest[0], sandboxes.by_state]);

/**
 * Changes when something may have happened to runs: with each overview while one of those that are shown goes on, and
 * every minute, because the beginning of a run shows only when its first operation has ended.
 */
export function newsOfRuns(overview: Overview, shown: readonly RunSummary[]): string {
  if (shown.some(({ status }) => !hasEnded(status))) return overview.at;
  return `${newsOfWorkspaces(overview)} ${overview.at.slice(0, MINUTE_LENGTH)}`;
}
