import * as z from "zod/v4";
import { withCause } from "./output/cause.ts";
import { CONFLICTS, MERGING } from "./conflicts-script.ts";
import { failureOf, type Reasons } from "./output/failure.ts";
import { revision, sandboxId } from "./inputs.ts";
import { LINE_ENDS } from "./line-ends.ts";
import { COMMIT_OF } from "./looking.ts";
import { defineOperation } from "./operation.ts";
import { sectionRecords } from "./output/sections.ts";
import { REPLAY } from "./replay.ts";
import { ENTER, FAIL, LOCK, SECTION, SETTLE } from "./shell.ts";
import { REFUSE_UNFINISHED, UNFINISHED_REASON } from "./unfinished.ts";

/** Each takes some eight processes. */
const MAX_COMMITS = 100;
/** Section of the commits that were made: what each was made of, and itself. */
const MADE_SECTION = 2;

const input = z.strictObject({
  sandbox_id: sandboxId,
  commits: z
    .array(revision)
    .min(1)
    .max(MAX_COMMITS)
    .describe(
      "Whose changes are made again on this branch, in this order; of a merge, what it brought to its first parent",
    ),
  revert: z.boolean().default(false).describe("Undo these changes instead: name the newest first"),
});

const output = z.object({
  head: z.string(),
  applied: z
    .array(z.object({ of: z.string(), sha: z.string().describe("Commit that was made") }))
    .describe("In the order in which they were made"),
  already: z.array(z.string()).describe("Commits whose changes are here already, or undone: nothing was made of them"),
});

/**
 * One after the other, as commits of their own. What git refuses, because of uncommitted changes, say, leaves the branch where it
 * was. A conflict is left in the files to be edited, and a push ends it; the commits made before it stay, and those after it
 * are for another call: git's own list of them would be in the way of everything else.
 */
const script = `${SECTION}${FAIL}${LOCK}${ENTER}${COMMIT_OF}${REPLAY}${CONFLICTS}${MERGING}${LINE_ENDS}${SETTLE}${REFUSE_UNFINISHED}
revert=$1; shift
how=cherry-pick
if [ "$revert" = true ]; then how=revert; fi
refuse_unfinished
began=$(git rev-parse -q --verify HEAD) || fail no_commits
if partial && [ -z "$url" ]; then fail needs_remote; fi
commits=() made=() already=() tree_now= merged= conflicting=
for name; do
  commit=$(commit_of "$name") || unknown_ref "$name"
  commits+=("$commit")
done
# In memory first: whether anything comes of it (git itself would ask its status then, which takes it into submodules); and so what
# a partial clone lacks is fetched, also what the merge in the tree then writes. Sets merged to the
# tree, and conflicting.
merge_ahead() {
  local of
  for of in HEAD "$1" \${2:+"$2"}; do bring_folders "$of" || return 2; done
  tree_now=$(git rev-parse 'HEAD^{tree}')
  if [ "$revert" = true ]
  then set -- "$(git commit-tree "$tree_now" -p "$1" -m stand-in)" "$(git commit-tree "\${2:-$empty}^{tree}" -p "$1" -m stand-in)"
  else set -- "$(git commit-tree "$tree_now" \${2:+-p "$2"} -m stand-in)" "$1"; fi
  merged=$(merge_trees --no-messages --name-only --allow-unrelated-histories "$@")
  conflicting=$?
  if [ "$conflicting" -gt 1 ]; then return 2; fi
  merged=\${merged%%$'\\n'*}
  bring_changed diff-tree -r "$tree_now" "$merged" || return 2
}
give_up() {
  rm -f .git/index.lock
  git reset -q --keep "$began" -- 2>/dev/null || work=changed
  line_ends
  if [ -e "$wt/tmp.err" ]; then cat "$wt/tmp.err" >&2; fi
  case $1 in 137 | 152) fail too_expensive ;; esac
  fail git
}
empty=$(git hash-object -t tree /dev/null)
for commit in "\${commits[@]}"; do
  read -r _ parent others <<<"$(git rev-list --no-walk --parents "$commit" --)"
  merge_ahead "$commit" "$parent" || give_up 1
  if [ "$merged:$conflicting" = "$tree_now:0" ]; then already+=("$commit"); continue; fi
  flags=()
  if [ -n "$others" ]; then flags=(-m 1); fi
  if [ "$revert" = true ]; then flags+=(--no-edit); fi
  limited "$how" "\${flags[@]}" "$commit" >/dev/null 2>"$wt/tmp.err"
  status=$?
  if [ "$status" = 0 ]; then
    made+=("$commit" "$(git rev-parse HEAD)")
  elif [ -z "$(git ls-files -u | head -c 1)" ]; then
    give_up "$status"
  else
    line_ends
    merging_begun
    section ${MADE_SECTION}
    printf '%s\\0' "\${made[@]}"
    conflicts_in_tree
    work=merging
    fail begun "$commit $((\${#commits[@]} - \${#made[@]} / 2 - \${#already[@]} - 1))"
  fi
done
line_ends
section 1
printf '%s\\0' "$(git rev-parse HEAD)" "\${already[@]}"
section ${MADE_SECTION}
if [ "\${#made[@]}" -gt 0 ]; then printf '%s\\0' "\${made[@]}"; settle; fi
`;

const REASONS: Reasons = {
  no_commits: () => ({ code: "ref_not_found", detail: "This branch has no commit yet, to make changes on top of." }),
  ...UNFINISHED_REASON,
  begun: (subject) => {
    const [commit = "", left = "0"] = subject.split(" ");
    const others =
      left === "0" ? "" : ` The last ${left} of 'commits' are not applied: call apply with them after that.`;
    return {
      code: "conflict",
      detail: `${commit} conflicts; what was before it is applied, and its conflicts are in the files. Edit those with markers; write, delete or name in push {resolve} those without; then push. restore {all: true} gives it up.${others}`,
    };
  },
};

export const apply = defineOperation({
  name: "apply",
  summary: "Makes the changes of some commits again on this branch, or undoes them; conflicts are left in the files.",
  access: "write",
  shell: "/bin/bash",
  input,
  output,
  script,
  command: (asked) => ({ args: [String(asked.revert), ...asked.commits] }),
  parse(result) {
    const failed = failureOf(result, REASONS);
    if (failed) return withCause(failed, result);
    const [head = "", ...already] = sectionRecords(result.sections, 1);
    const made = sectionRecords(result.sections, MADE_SECTION);
    const applied = made.flatMap((of, at) => (at % 2 === 0 ? [{ of, sha: made[at + 1] ?? "" }] : []));
    return { ok: true, value: { head, applied, already } };
  },
});
