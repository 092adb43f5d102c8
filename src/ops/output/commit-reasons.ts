import { refRefusal } from "./broken-rules.ts";
import type { Reasons } from "./failure.ts";

/** Reasons of `commit_changes` (scripts/lib/commit-changes.sh). */
export const COMMIT_REASONS: Reasons = {
  unfinished: (state) => ({
    code: "conflict",
    detail: `A ${state} is unfinished. Abort it with restore {all: true}, then push.`,
  }),
  detached: () => ({
    code: "invalid_input",
    field: "to",
    detail: "HEAD is on no branch. Name the branch to push to in 'to'.",
  }),
  default_branch: (branch) => ({
    code: "invalid_input",
    field: "to",
    detail: `'${branch}' is the repository's default branch, and a push goes there only if 'to' names it. Nothing was committed. Call push {to: "${branch}"}, or name another branch.`,
  }),
  default_branch_never: (branch) =>
    refRefusal(
      "refs.default_branch",
      `'${branch}' is the repository's default branch, and no push goes there. Nothing was committed. Name another branch in 'to'.`,
    ),
  merge_open: () => ({
    code: "invalid_input",
    field: "files",
    detail: "A merge is open, and it can only be committed as a whole. Push without 'files'.",
  }),
  amend_merging: () => ({
    code: "invalid_input",
    field: "amend",
    detail: "A merge is open. Push without 'amend' to finish it.",
  }),
  nothing_open: () => ({
    code: "invalid_input",
    field: "resolve",
    detail: "No merge is open, so there is nothing to resolve.",
  }),
  not_unmerged: (path) => ({
    code: "invalid_input",
    field: "resolve",
    detail: `'${path}' is not in conflict, or is resolved already. Nothing was committed. Leave it out of 'resolve'.`,
  }),
  unsettled: (paths) => ({
    code: "conflict",
    detail:
      `These files of the merge are still in conflict: ${paths.replace(/, $/, "")}. Nothing was committed. Edit out the conflict markers, write or delete the file, ` +
      `or choose a side with resolve {"path": "ours" | "theirs" | "base"}. restore {all: true} aborts the merge.`,
  }),
  message_missing: () => ({
    code: "invalid_input",
    field: "message",
    detail: "There are changes to commit. Add a message.",
  }),
  published: (commit) => ({
    code: "invalid_input",
    field: "amend",
    detail: `${commit} is on the remote, and others may have it. Nothing was changed. Push without 'amend' to add a commit on top.`,
  }),
  no_parents: (branch) => ({
    code: "invalid_input",
    field: "amend",
    detail: `This clone has only the newest commit. Nothing was changed. Fetch its parent with pull {from: "${branch}", deepen: 1}, then amend it.`,
  }),
  nothing_to_push: () => ({
    code: "invalid_input",
    detail: "There is no commit and no change, so there is nothing to push.",
  }),
};
