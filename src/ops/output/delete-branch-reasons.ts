import type { Reasons } from "./failure.ts";

/** Reasons of `delete_branch` (scripts/lib/delete-branch.sh). */
export const DELETE_REASONS: Reasons = {
  checked_out: (name) => ({
    code: "invalid_input",
    field: "name",
    detail: `'${name}' is checked out. Nothing was deleted. Switch to another branch first.`,
  }),
  not_own: (name) => ({
    code: "invalid_input",
    field: "name",
    detail: `'${name}' is the default branch, or this workspace did not create it at the remote. Nothing was deleted.`,
  }),
  not_pushed: (name) => ({
    code: "invalid_input",
    field: "name",
    detail: `'${name}' has commits that the remote never had. Nothing was deleted. Push them, there or to another branch, then delete it.`,
  }),
  of_others: (name) => ({
    code: "push_rejected",
    detail: `Others have pushed to '${name}'. Nothing was deleted. pull {from: "${name}"} brings their commits.`,
  }),
};
