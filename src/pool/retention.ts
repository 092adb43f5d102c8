const DAY_MS = 24 * 3_600_000;

/** A clean workspace holds nothing that a clone does not: two weeks bridge a holiday. */
export const CLEAN_KEEP_MS = 14 * DAY_MS;
/** Work that exists nowhere else waits longer before anybody is told that it will end. */
export const UNPUSHED_KEEP_MS = 21 * DAY_MS;
/** Listed this long as to be dropped, a weekend included. With UNPUSHED_KEEP_MS below the 30 days E2B promised for paused sandboxes. */
export const ANNOUNCED_MS = 7 * DAY_MS;

export interface PausedWorkspace {
  readonly lastUsedAt: number;
  /** Uncommitted changes or commits that no remote has; undefined where that is not known, which counts as yes. */
  readonly unpushed: boolean | undefined;
  /** When its end was announced. */
  readonly announcedAt: number | undefined;
}

export type Retention =
  /** Look again at `until`. */
  | { readonly decision: "keep"; readonly until: number }
  /** From now on list it with `dropsAt`: it holds work that was not pushed. */
  | { readonly decision: "announce"; readonly dropsAt: number }
  | { readonly decision: "drop"; readonly reason: "clean" | "announced" };

/** When a paused workspace is dropped, if nobody uses it. One whose alarm comes late is dropped no sooner. */
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

/** A use after the notice took it back. */
function isAnnounced({ lastUsedAt, announcedAt }: PausedWorkspace): boolean {
  return announcedAt !== undefined && announcedAt >= lastUsedAt + UNPUSHED_KEEP_MS;
}

/** What becomes of a paused workspace. One that may hold unpushed work is dropped only after days of notice. */
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
  return now < dropsAt ? { decision: "keep", until: dropsAt } : { decision: "drop", reason: "announced" };
}
