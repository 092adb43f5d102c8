import { MERGING } from "./conflicts-script.ts";
import type { Reasons } from "./output/failure.ts";
import { SUBMODULES } from "./shell.ts";
import { UNFINISHED_WORDS } from "./unfinished.ts";

/**
 * `commit_changes [FILE…]` commits what is changed, all or these files, and sets `sha` to what is to be pushed and `committed`
 * to the commit that was made. Takes `message`, `to`, `branch`, `amend`, `guard` and the array `resolve` of the script. After LINE_ENDS.
 */
export const COMMIT = `${MERGING}
commit_changes() {
local state finishing= path how=() had
for state in ${UNFINISHED_WORDS}; do
  if [ ! -e ".git/\${state%%:*}" ]; then continue; fi
  case $state in
    *:merge | *:cherry_pick | *:revert) finishing=\${state#*:} ;;
    *) fail unfinished "\${state#*:}" ;;
  esac
done
if [ -z "$to" ]; then name_branch; fi
if [ -n "$finishing" ]; then
  if [ $# -gt 0 ]; then fail merge_open; fi
  if [ "$amend" = true ]; then fail amend_merging; fi
  work=merging
  for path in "\${resolve[@]}"; do settle_path "$path"; done
  find_unsettled
  if [ "\${#unsettled[@]}" -gt 0 ]; then conflicts_in_tree "\${unsettled[@]}"; fail unsettled "$(printf '%s, ' "\${unsettled[@]}")"; fi
elif [ "\${#resolve[@]}" -gt 0 ]; then fail nothing_open; fi
if [ -z "$message$finishing" ] && [ "$amend" != true ] && [ -n "$(git status --porcelain ${SUBMODULES} -- "\${files[@]}" | head -c 1)" ]; then fail message_missing; fi
line_ends
git add -A --sparse -- "\${files[@]}" || fail git
# Lines that begin with # are the message's own, but for git's list of conflicts.
if [ -n "$message" ]; then how=(--cleanup=whitespace -m "$message")
elif [ -n "$finishing" ] && [ -e .git/MERGE_MSG ]; then how=(--cleanup=whitespace -m "$(sed '/^# Conflicts:$/,$d' .git/MERGE_MSG)")
else how=(--cleanup=verbatim --no-edit); fi
if [ "$amend" != true ] && is_refused; then amend=true; fi
if [ "$amend" = true ]; then prepare_amend; fi
if [ \${#files[@]} -gt 0 ]; then how+=(--only -- "\${files[@]}"); fi
if [ "$amend" = same ]; then :
elif git commit -q --no-verify "\${how[@]}" >/dev/null 2>"$wt/tmp.err"; then
  committed=$(git rev-parse HEAD) work=unchanged
  if [ "$amend" = true ]; then took_back "$had" "$committed" || fail git; fi
elif ! git diff --cached --quiet ${SUBMODULES} -- "\${files[@]}"; then
  cat "$wt/tmp.err" >&2; fail git
elif [ -n "$finishing" ]; then
  # All is as it was before the apply: there is nothing to commit, and git would leave it open.
  git cherry-pick --quit || fail git
  work=unchanged
fi
sha=$(git rev-parse -q --verify HEAD) || fail nothing_to_push
}
# The branch that is checked out; the remote's default branch only where the operator says so. An empty remote has none.
name_branch() {
  local default=
  to=$branch
  if [ -z "$to" ]; then fail detached; fi
  if [ "$guard" = true ] && [ -e .git/refs/remotes/origin/HEAD ]; then IFS= read -r default <.git/refs/remotes/origin/HEAD; fi
  if [ "$default" = "ref: refs/remotes/origin/$to" ] && git show-ref -q --verify "refs/remotes/origin/$to"; then fail default_branch "$to"; fi
}
# Whether the newest commit is one that the host refused and has nowhere, and only its message can be what this push is for.
is_refused() {
  local refused=
  if [ -z "$message" ] || [ -n "$finishing" ] || [ ! -e "$wt/refused" ]; then return 1; fi
  read -r refused <"$wt/refused"
  [ "$refused" = "$(git rev-parse -q --verify HEAD)" ] && git diff --cached --quiet ${SUBMODULES} HEAD -- &&
    [ -n "$(git rev-list -n 1 HEAD --not --remotes=origin --)" ]
}
# Called again, there is nothing to amend.
prepare_amend() {
  had=$(git rev-parse -q --verify HEAD) || fail nothing_to_push
  if git diff --cached --quiet ${SUBMODULES} HEAD -- "\${files[@]}" && { [ -z "$message" ] || [ "$(git log -1 --format=%B)" = "$(git stripspace <<<"$message")" ]; }; then amend=same; return; fi
  # Where the clone ends git knows of no parents, and the new commit would have none.
  if [ -e .git/shallow ] && grep -qxF "$had" .git/shallow; then fail no_parents "\${branch:-$to}"; fi
  may_take_back "$had^!" || fail published "$(git rev-parse --short HEAD)"
  how+=(--amend)
}
`;

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
