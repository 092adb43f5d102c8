import type { Reasons } from "./failure.ts";

/** Reasons of `delete_branch` (scripts/lib/delete-branch.sh). */
export const DELETE_REASONS: Reasons = {
  checked_out: (name) => ({
    code: "invalid_input",
    field: "name",
    detail: `The tree is on '${name}'. Switch to another branch first; nothing was deleted.`,
  }),
  not_own: (name) => ({
    code: "invalid_input",
    field: "name",
    detail: `'${name}' is not a branch that this workspace made at the remote, or is the default branch. Nothing was deleted.`,
  }),
  not_pushed: (name) => ({
    code: "invalid_input",
    field: "name",
    detail: `'${name}' has commits that the remote never had. Push them, here or to another branch, then delete it; nothing was deleted.`,
  }),
  of_others: (name) => ({
    code: "push_rejected",
    detail: `Others have pushed to '${name}'. Nothing was deleted; pull {from: "${name}"} brings what they did.`,
  }),
};
