import { refRefusal } from "./broken-rules.ts";
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
  no_delete: (name) =>
    refRefusal(
      "refs.delete_own",
      `No branch of the remote may be deleted here, so '${name}' stays. Nothing was deleted.`,
    ),
  of_others: (name) => ({
    code: "push_rejected",
    detail: `Others have pushed to '${name}'. Nothing was deleted. pull {from: "${name}"} brings their commits.`,
  }),
};
