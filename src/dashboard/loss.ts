import { plural } from "./format.ts";
import type { Status, Workspace } from "./types.ts";

/** More names would not help. */
const NAMES_SHOWN = 8;

/** Work that is lost when a workspace ends. */
export interface Loss {
  readonly summary: string;
  /** Changed files, up to NAMES_SHOWN. */
  readonly files: readonly string[];
  /** Whether to warn. */
  readonly some: boolean;
}

const NONE: Loss = { summary: "Nothing is lost: the remote has everything that is in it.", files: [], some: false };

/** @param status present if an operator has looked inside */
export function lossOf(workspace: Workspace, status: Status | undefined): Loss {
  if (status) return lossOfTree(status);
  switch (workspace.unpushed) {
    case true:
      return { summary: "It was paused with work that is not pushed. That work will be lost.", files: [], some: true };
    case false:
      return NONE;
    case undefined:
      return {
        summary: "Whether it holds work that is not pushed is not known. If so, it will be lost.",
        files: [],
        some: true,
      };
  }
}

function lossOfTree({ unpushed_commits: commits, truncated, ...lists }: Status): Loss {
  const changed = [...lists.conflicts, ...lists.staged, ...lists.modified].map(({ path }) => path);
  // A file can be staged, and changed again afterwards.
  const files = [...new Set([...changed, ...lists.untracked])];
  const parts = [
    ...(commits > 0 ? [`${plural(commits, "commit")} that the remote does not have`] : []),
    ...(files.length > 0 ? [`${truncated ? "more than " : ""}${plural(files.length, "changed file")}`] : []),
  ];
  if (parts.length === 0) return NONE;
  return { summary: `${parts.join(" and ")} will be lost.`, files: files.slice(0, NAMES_SHOWN), some: true };
}
