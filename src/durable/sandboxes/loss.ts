import { SAVED_KEPT_MS } from "../../pool/retention.ts";
import type { Row, Transition } from "../storage/row.ts";

/** Period in which clones report a loss, as agents return within days. Equals the retention of rows in state `gone`. */
export const LOSS_TOLD_MS = 7 * 24 * 3_600_000;

/** State of a workspace when its sandbox, or the newest state of its files, was lost. Times are Unix milliseconds. */
export interface Loss {
  /** When the loss was detected. */
  readonly at: number;
  /** Commit at the last pause; undefined: unknown. */
  readonly head?: string;
  /** Whether it was paused with unpushed work; undefined: unknown. */
  readonly unpushed?: boolean;
  /** Id of the workspace, if its work was saved before the drop. */
  readonly savedAs?: string;
}

/** Unpushed work that was saved before the workspace was dropped. Times are Unix milliseconds. */
export interface Saved {
  readonly at: number;
  readonly bytes: number;
  /** When it is deleted. */
  readonly until: number;
}

/** Path of the route that returns saved work. */
export const bundlePath = (sandboxId: string) => `/v1/workspaces/${sandboxId}/bundle`;

/** Marks the known content of `row` as lost. */
export function losing({ head, unpushed }: Row, now: number): Transition {
  return { lost_at: now, lost_head: head || null, lost_unpushed: unpushed, loss_told: 0 };
}

/** Returns the loss recorded in a row, if any. */
export function lossOf(row: Row): Loss | undefined {
  const { lost_at, lost_head, lost_unpushed } = row;
  if (lost_at === null) return undefined;
  return {
    at: lost_at,
    ...(lost_head === null ? {} : { head: lost_head }),
    ...(lost_unpushed === null ? {} : { unpushed: lost_unpushed === 1 }),
    ...(savedOf(row) ? { savedAs: row.sandbox_id } : {}),
  };
}

/** Returns the saved work of a row, if any. */
export function savedOf({ saved_at, saved_bytes }: Row): Saved | undefined {
  if (saved_at === null || saved_bytes === null) return undefined;
  return { at: saved_at, bytes: saved_bytes, until: saved_at + SAVED_KEPT_MS };
}
