import type { Reasons } from "./failure.ts";
import { UNFINISHED_REASON } from "./unfinished-reason.ts";

/** Reasons of `uncommit` (scripts/lib/uncommit.sh). */
export const UNCOMMIT_REASONS: Reasons = {
  ...UNFINISHED_REASON,
  no_commits: () => ({ code: "invalid_input", field: "to", detail: "There is no commit to take back." }),
  unrelated: (to) => ({
    code: "invalid_input",
    field: "to",
    detail: `${to} has no commit in common with this branch. Nothing was changed.`,
  }),
  published: () => ({
    code: "invalid_input",
    field: "to",
    detail:
      "Some of the commits since then are on the remote, and others may have them. Nothing was changed. Add a commit on top, or name a newer commit.",
  }),
};
