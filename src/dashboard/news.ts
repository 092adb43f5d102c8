import { hasEnded } from "../durable/runs/types.ts";
import type { Overview, RunSummary } from "./types.ts";

/** "2026-11-30T01:15" */
const MINUTE_LENGTH = 16;

/** Returns a text that changes when workspaces may have changed. */
export const newsOfWorkspaces = ({ newest, sandboxes }: Overview): string =>
  JSON.stringify([newest[0], sandboxes.by_state]);

/**
 * Returns a text that changes when runs may have changed: with each overview while a shown run continues, otherwise
 * every minute, because an overview shows the start of a run only after its first operation has ended.
 */
export function newsOfRuns(overview: Overview, shown: readonly RunSummary[]): string {
  if (shown.some(({ status }) => !hasEnded(status))) return overview.at;
  return `${newsOfWorkspaces(overview)} ${overview.at.slice(0, MINUTE_LENGTH)}`;
}
