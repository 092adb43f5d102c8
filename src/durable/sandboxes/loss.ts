import type { Row, Transition } from "../storage/row.ts";

/** An agent comes back within days; until then it may have heard of nothing. As long as a row that is gone stays. */
export const LOSS_TOLD_MS = 7 * 24 * 3_600_000;

/** What a workspace held when its sandbox, or the newest state of its files, was lost. Times are Unix milliseconds. */
export interface Loss {
  /** When it was found out. */
  readonly at: number;
  /** Commit that it was paused on; undefined: not known. */
  readonly head?: string;
  /** Whether it was paused with work that no remote has; undefined: not known. */
  readonly unpushed?: boolean;
}

/** What `row` holds, as far as is known, is lost. */
export function losing({ head, unpushed }: Row, now: number): Transition {
  return { lost_at: now, lost_head: head || null, lost_unpushed: unpushed, loss_told: 0 };
}

export function lossOf({ lost_at, lost_head, lost_unpushed }: Row): Loss | undefined {
  if (lost_at === null) return undefined;
  return {
    at: lost_at,
    ...(lost_head === null ? {} : { head: lost_head }),
    ...(lost_unpushed === null ? {} : { unpushed: lost_unpushed === 1 }),
  };
}
