# `commit_changes [FILE…]` commits all changes, or those of these files. Sets `sha` to the commit to push, `committed`
# to the commit made, and `to`, where it is empty, to the current branch. Reads `message`, `to`, `branch`, `amend`,
# `rule` and the arrays `resolve`, `allowed` and `files` of the script. Needs line-ends.sh and send-commits.sh.
#
# A file that is named is committed also if a rule ignores it. In a named folder, git leaves out what is ignored.
. "$WT_LIB/merging.sh"
. "$WT_LIB/rules.sh"
. "$WT_LIB/signing.sh"

commit_changes() {
  local state finishing= path how=() had= named=() folders=()
  for state in $WT_UNFINISHED; do
    if [ ! -e ".git/${state%%:*}" ]; then continue; fi
    case $state in
      *:merge | *:cherry_pick | *:revert) finishing=${state#*:} ;;
      *) fail unfinished "${state#*:}" ;;
    esac
  done
  name_branch
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
  for path in "${files[@]}"; do
    if [ -d "$path" ] && [ ! -L "$path" ]; then folders+=("$path"); else named+=("$path"); fi
  done
  if [ -z "$message$finishing" ] && [ "$amend" != true ]; then
    if [ ${#named[@]} -gt 0 ]; then has_changes --ignored -- "${named[@]}" && fail message_missing; fi
    if [ ${#named[@]} = 0 ] || [ ${#folders[@]} -gt 0 ]; then has_changes -- "${folders[@]}" && fail message_missing; fi
  fi
  line_ends
  if [ ${#named[@]} -gt 0 ]; then git add -A -f --sparse -- "${named[@]}" || fail git; fi
  if [ ${#named[@]} = 0 ] || [ ${#folders[@]} -gt 0 ]; then git add -A --sparse -- "${folders[@]}" || fail git; fi
  # Lines that begin with # belong to the message, except git's list of conflicts.
  if [ -n "$message" ]; then
    how=(--cleanup=whitespace -m "$message")
  elif [ -n "$finishing" ] && [ -e .git/MERGE_MSG ]; then
    how=(--cleanup=whitespace -m "$(sed '/^# Conflicts:$/,$d' .git/MERGE_MSG)")
  else how=(--cleanup=verbatim --no-edit); fi
  if [ "$amend" != true ] && is_refused; then amend=true; fi
  if [ "$amend" = true ]; then prepare_amend; fi
  if [ "$amend" = true ]; then check_rules amend "${files[@]}"; else check_rules commit "${files[@]}"; fi
  if [ ${#files[@]} -gt 0 ]; then how+=(--only -- "${files[@]}"); fi
  if [ "$amend" = same ] || [ "$unchanged:$amend:$finishing" = true:false: ]; then
    :
  elif make_commit "${how[@]}" >/dev/null 2>"$wt/tmp.err"; then
    committed=$(git rev-parse HEAD) work=unchanged
    if [ "$amend" = true ]; then took_back "$had" "$committed" || fail git; fi
  # git ends with 1 if there is nothing to commit.
  elif [ $? != 1 ] || ! git diff --cached --quiet --ignore-submodules=dirty -- "${files[@]}"; then
    cat "$wt/tmp.err" >&2
    fail git
  elif [ -n "$finishing" ]; then
    # The tree is as it was before the apply: there is nothing to commit, and git would leave the cherry-pick open.
    git cherry-pick --quit || fail git
    work=unchanged
  fi
  sha=$committed
  if [ -z "$sha" ]; then sha=$(git rev-parse -q --verify HEAD) || fail nothing_to_push; fi
}
# Leaves what a later try needs to find its commit (resume-push.sh).
make_commit() {
  local settings=()
  if [ -n "${WT_ONCE-}" ]; then
    note begun "${had:--}"
    local -x GIT_REFLOG_ACTION="warmtree $WT_ONCE"
    settings=(-c core.logAllRefUpdates=true)
  fi
  signing git "${settings[@]}" commit -q --no-verify "$@"
}
has_changes() { [ -n "$(git status --porcelain --ignore-submodules=dirty "$@" | head -c 1)" ]; }
# Section 7: files that edits have written and no commit has, because a rule ignores them.
say_ignored() {
  local path
  if [ ! -s "$wt/ignored" ]; then return; fi
  section 7
  GIT_LITERAL_PATHSPECS=0 git check-ignore -z --stdin <"$wt/ignored" | while IFS= read -r -d '' path; do
    if [ -e "$path" ] || [ -L "$path" ]; then printf '%s\0' "${path#./}"; fi
  done | tee "$wt/tmp.ignored"
  # With none left, later pushes need not ask.
  if [ ! -s "$wt/tmp.ignored" ]; then rm -f "$wt/ignored"; fi
  rm -f "$wt/tmp.ignored"
}
# Sets `to`, where it is empty, to the branch that is checked out. Refuses the remote's default branch: if `rule` is
# `named`, unless the call names it; if it is `never`, always. An empty remote has none.
name_branch() {
  local default= refusal=
  case $rule:$to in
    never:*) refusal=default_branch_never ;;
    named:) refusal=default_branch ;;
  esac
  if [ -z "$to" ]; then to=$branch; fi
  if [ -z "$to" ]; then fail detached; fi
  if [ -n "$refusal" ] && [ -e .git/refs/remotes/origin/HEAD ]; then IFS= read -r default <.git/refs/remotes/origin/HEAD; fi
  if [ "$default" = "ref: refs/remotes/origin/$to" ] && git show-ref -q --verify "refs/remotes/origin/$to"; then fail "$refusal" "$to"; fi
}
# Whether the host refused the newest commit, no remote branch has it, and nothing but the message can change. Then this
# push amends it.
is_refused() {
  local refused=
  if [ -z "$message" ] || [ -n "$finishing" ] || [ ! -e "$wt/refused" ]; then return 1; fi
  read -r refused <"$wt/refused"
  [ "$refused" = "$(git rev-parse -q --verify HEAD)" ] && git diff --cached --quiet --ignore-submodules=dirty HEAD -- &&
    [ -n "$(git rev-list -n 1 HEAD --not --remotes=origin --)" ]
}
# Sets `amend` to `same` if an earlier try of this call has amended the commit already.
prepare_amend() {
  had=$(git rev-parse -q --verify HEAD) || fail nothing_to_push
  if git diff --cached --quiet --ignore-submodules=dirty HEAD -- "${files[@]}" &&
    { [ -z "$message" ] || [ "$(git log -1 --format=%B)" = "$(git stripspace <<<"$message")" ]; }; then
    amend=same
    return
  fi
  # A commit at the shallow boundary has no parents here, so the amended commit would have none.
  if [ -e .git/shallow ] && grep -qxF "$had" .git/shallow; then fail no_parents "${branch:-$to}"; fi
  may_take_back "$had^!" || fail published "$(git rev-parse --short HEAD)"
  how+=(--amend)
}
