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
}

/** Marks the known content of `row` as lost. */
export function losing({ head, unpushed }: Row, now: number): Transition {
  return { lost_at: now, lost_head: head || null, lost_unpushed: unpushed, loss_told: 0 };
}

/** Returns the loss recorded in a row, if any. */
export function lossOf({ lost_at, lost_head, lost_unpushed }: Row): Loss | undefined {
  if (lost_at === null) return undefined;
  return {
    at: lost_at,
    ...(lost_head === null ? {} : { head: lost_head }),
    ...(lost_unpushed === null ? {} : { unpushed: lost_unpushed === 1 }),
  };
}
