import type { Reasons } from "./failure.ts";

/** Reasons of `commit_changes` (scripts/lib/commit-changes.sh). */
export const COMMIT_REASONS: Reasons = {
  unfinished: (state) => ({
    code: "conflict",
    detail: `The tree is in the middle of a ${state}. End it with restore {all: true}, then push.`,
  }),
  detached: () => ({
    code: "invalid_input",
    field: "to",
    detail: "HEAD is on no branch: say with 'to' which one to push to.",
  }),
  default_branch: (branch) => ({
    code: "invalid_input",
    field: "to",
    detail: `'${branch}' is the repository's default branch, and nothing lands there unasked. Nothing was committed. push {to: "${branch}"} if it is meant, or name another branch.`,
  }),
  merge_open: () => ({
    code: "invalid_input",
    field: "files",
    detail: "A merge is open and is committed as a whole: push without 'files'.",
  }),
  amend_merging: () => ({
    code: "invalid_input",
    field: "amend",
    detail: "A merge is open: push without 'amend' to end it.",
  }),
  nothing_open: () => ({
    code: "invalid_input",
    field: "resolve",
    detail: "No merge is open, so there is nothing to resolve.",
  }),
  not_unmerged: (path) => ({
    code: "invalid_input",
    field: "resolve",
    detail: `'${path}' is not in conflict, or is settled already. Nothing was committed; leave it out of 'resolve'.`,
  }),
  unsettled: (paths) => ({
    code: "conflict",
    detail:
      `Of the merge these are not settled yet: ${paths.replace(/, $/, "")}. Nothing was committed. Edit conflict markers away, write or delete the file, ` +
      `or say whose it is with resolve {"path": "ours" | "theirs" | "base"}; restore {all: true} gives the merge up.`,
  }),
  message_missing: () => ({
    code: "invalid_input",
    field: "message",
    detail: "There are changes to commit: give a message.",
  }),
  published: (commit) => ({
    code: "invalid_input",
    field: "amend",
    detail: `${commit} is on the remote, where others may have it. Nothing was changed; push without 'amend' to put a commit on top.`,
  }),
  no_parents: (branch) => ({
    code: "invalid_input",
    field: "amend",
    detail: `This clone ends at the newest commit. Nothing was changed. pull {from: "${branch}", deepen: 1} fetches what is beneath it; then amend it.`,
  }),
  nothing_to_push: () => ({
    code: "invalid_input",
    detail: "There is no commit and no change: nothing can be pushed.",
  }),
};
