# `commit_changes [FILE…]` commits what is changed, all or these files, and sets `sha` to what is to be pushed and `committed`
# to the commit that was made. Takes `message`, `to`, `branch`, `amend`, `guard` and the array `resolve` of the script. After LINE_ENDS.
. "$WT_LIB/merging.sh"

commit_changes() {
  local state finishing= path how=() had
  for state in $WT_UNFINISHED; do
    if [ ! -e ".git/${state%%:*}" ]; then continue; fi
    case $state in
      *:merge | *:cherry_pick | *:revert) finishing=${state#*:} ;;
      *) fail unfinished "${state#*:}" ;;
    esac
  done
  if [ -z "$to" ]; then name_branch; fi
  if [ -n "$finishing" ]; then
    if [ $# -gt 0 ]; then fail merge_open; fi
    if [ "$amend" = true ]; then fail amend_merging; fi
    work=merging
    for path in "${resolve[@]}"; do resolve_path "$path"; done
    find_unsettled
    if [ "${#unsettled[@]}" -gt 0 ]; then
      conflicts_in_tree "${unsettled[@]}"
      fail unsettled "$(printf '%s, ' "${unsettled[@]}")"
    fi
  elif [ "${#resolve[@]}" -gt 0 ]; then fail nothing_open; fi
  if [ -z "$message$finishing" ] && [ "$amend" != true ] &&
    [ -n "$(git status --porcelain --ignore-submodules=dirty -- "${files[@]}" | head -c 1)" ]; then fail message_missing; fi
  line_ends
  git add -A --sparse -- "${files[@]}" || fail git
  # Lines that begin with # are the message's own, but for git's list of conflicts.
  if [ -n "$message" ]; then
    how=(--cleanup=whitespace -m "$message")
  elif [ -n "$finishing" ] && [ -e .git/MERGE_MSG ]; then
    how=(--cleanup=whitespace -m "$(sed '/^# Conflicts:$/,$d' .git/MERGE_MSG)")
  else how=(--cleanup=verbatim --no-edit); fi
  if [ "$amend" != true ] && is_refused; then amend=true; fi
  if [ "$amend" = true ]; then prepare_amend; fi
  if [ ${#files[@]} -gt 0 ]; then how+=(--only -- "${files[@]}"); fi
  if [ "$amend" = same ]; then
    :
  elif git commit -q --no-verify "${how[@]}" >/dev/null 2>"$wt/tmp.err"; then
    committed=$(git rev-parse HEAD) work=unchanged
    if [ "$amend" = true ]; then took_back "$had" "$committed" || fail git; fi
  elif ! git diff --cached --quiet --ignore-submodules=dirty -- "${files[@]}"; then
    cat "$wt/tmp.err" >&2
    fail git
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
  [ "$refused" = "$(git rev-parse -q --verify HEAD)" ] && git diff --cached --quiet --ignore-submodules=dirty HEAD -- &&
    [ -n "$(git rev-list -n 1 HEAD --not --remotes=origin --)" ]
}
# Called again, there is nothing to amend.
prepare_amend() {
  had=$(git rev-parse -q --verify HEAD) || fail nothing_to_push
  if git diff --cached --quiet --ignore-submodules=dirty HEAD -- "${files[@]}" &&
    { [ -z "$message" ] || [ "$(git log -1 --format=%B)" = "$(git stripspace <<<"$message")" ]; }; then
    amend=same
    return
  fi
  # Where the clone ends git knows of no parents, and the new commit would have none.
  if [ -e .git/shallow ] && grep -qxF "$had" .git/shallow; then fail no_parents "${branch:-$to}"; fi
  may_take_back "$had^!" || fail published "$(git rev-parse --short HEAD)"
  how+=(--amend)
}
