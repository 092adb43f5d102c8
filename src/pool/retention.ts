const DAY_MS = 24 * 3_600_000;

/** Retention of a clean workspace, which a clone can replace: two weeks bridge a holiday. */
export const CLEAN_KEEP_MS = 14 * DAY_MS;
/** Retention of unpushed work before the notice: longer, because it exists nowhere else. */
export const UNPUSHED_KEEP_MS = 21 * DAY_MS;
/**
 * Notice before a drop, a weekend included. With UNPUSHED_KEEP_MS below the 30 days that E2B promised for paused
 * sandboxes.
 */
export const ANNOUNCED_MS = 7 * DAY_MS;

/** How long before a drop a webhook notifies the owner: one day. */
export const DROP_TOLD_MS = DAY_MS;

/** How long a drop waits while the work cannot be saved: enough for an outage, or a holiday of the operator. */
export const SAVE_GRACE_MS = 7 * DAY_MS;
/** Retention of saved work: it outlasts an owner's leave of some weeks. */
export const SAVED_KEPT_MS = 30 * DAY_MS;
const SAVE_AGAIN_FIRST_MS = 5 * 60_000;
const SAVE_AGAIN_LONGEST_MS = 6 * 3_600_000;

/**
 * Returns when to retry a save that fails now: the wait is as long as the drop is overdue, so it doubles.
 * @param dropsAt when the drop was due
 */
export function saveAgainAt(dropsAt: number, now: number): number {
  return now + Math.min(Math.max(now - dropsAt, SAVE_AGAIN_FIRST_MS), SAVE_AGAIN_LONGEST_MS);
}

export interface PausedWorkspace {
  readonly lastUsedAt: number;
  /** Whether it has uncommitted changes or unpushed commits; undefined: unknown, which counts as yes. */
  readonly unpushed: boolean | undefined;
  /** When its drop was announced. */
  readonly announcedAt: number | undefined;
}

export type Retention =
  /** Check again at `until`. */
  | { readonly decision: "keep"; readonly until: number }
  /** Start the notice, and list the workspace with `dropsAt`: it may hold unpushed work. */
  | { readonly decision: "announce"; readonly dropsAt: number }
  | { readonly decision: "drop"; readonly reason: "clean" }
  /** `dropsAt`: when it was due. */
  | { readonly decision: "drop"; readonly reason: "announced"; readonly dropsAt: number };

/** Returns when a paused workspace is dropped if it stays unused. A late alarm never makes the drop earlier. */
export function dropTime(workspace: PausedWorkspace, now: number): number {
  const next = retention(workspace, now);
  switch (next.decision) {
    case "keep":
      return workspace.unpushed === false || isAnnounced(workspace) ? next.until : next.until + ANNOUNCED_MS;
    case "announce":
      return next.dropsAt;
    case "drop":
      return now;
  }
}

/** Whether the announcement is valid: a use after it revokes it. */
function isAnnounced({ lastUsedAt, announcedAt }: PausedWorkspace): boolean {
  return announcedAt !== undefined && announcedAt >= lastUsedAt + UNPUSHED_KEEP_MS;
}

/** Decides the retention of a paused workspace. Possibly unpushed work is dropped only after days of notice. */
export function retention(workspace: PausedWorkspace, now: number): Retention {
  const { lastUsedAt, unpushed, announcedAt } = workspace;
  if (unpushed === false) {
    const until = lastUsedAt + CLEAN_KEEP_MS;
    return now < until ? { decision: "keep", until } : { decision: "drop", reason: "clean" };
  }
  const announceAt = lastUsedAt + UNPUSHED_KEEP_MS;
  if (now < announceAt) return { decision: "keep", until: announceAt };
  if (announcedAt === undefined || !isAnnounced(workspace)) {
    return { decision: "announce", dropsAt: now + ANNOUNCED_MS };
  }
  const dropsAt = announcedAt + ANNOUNCED_MS;
  return now < dropsAt ? { decision: "keep", until: dropsAt } : { decision: "drop", reason: "announced", dropsAt };
}
