import type { Reasons } from "./output/failure.ts";
import { HISTORY } from "./history.ts";
import { COMMIT_OF } from "./looking.ts";
import { REFUSE_UNFINISHED, UNFINISHED_REASON } from "./unfinished.ts";

/**
 * Takes back the commits since this branch left `to`. The index stays with the tree, so what was new is not untracked.
 */
export const UNCOMMIT = `${HISTORY}${COMMIT_OF}${REFUSE_UNFINISHED}
uncommit() {
  local head target base
refuse_unfinished
  head=$(git rev-parse -q --verify HEAD) || fail no_commits
  target=$(commit_of "$to") || unknown_ref "$to"
  base=$(git merge-base "$target" "$head") || fail unrelated "$to"
  may_take_back "$base..$head" || fail published
  section 1
  printf '%s\\0' "$base"
  git rev-list "$base..$head" -- | tr '\\n' '\\0'
  if [ "$base" = "$head" ]; then return; fi
  git reset -q --soft "$base" || fail git
  took_back "$head" "$base" || fail git
}
`;

export const UNCOMMIT_REASONS: Reasons = {
  ...UNFINISHED_REASON,
  no_commits: () => ({ code: "invalid_input", field: "to", detail: "There is no commit that could be taken back." }),
  unrelated: (to) => ({
    code: "invalid_input",
    field: "to",
    detail: `${to} has no commit in common with this branch. Nothing was changed.`,
  }),
  published: () => ({
    code: "invalid_input",
    field: "to",
    detail:
      "Some of the commits since then are on the remote, where others may have them. Nothing was changed; put a commit on top, or name a newer one.",
  }),
};
