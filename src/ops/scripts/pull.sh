# Combines the two lines of history in memory first, so that a conflict is known before a file changes. `git reset
# --keep` then moves the tree; it refuses as a whole if an uncommitted change would be lost. Only a merge that the
# caller asked for (IN_REBASE is not `true`) starts in the tree on a conflict, because the caller edits its conflicts in
# the files.
# Sections: 1: branch, upstream, HEAD, how, behind, ahead, shallow; 3 and 10 to 29: conflicts (lib/conflicts.sh); 4:
# removed commits (lib/history.sh).
. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/lock.sh"
. "$WT_LIB/once.sh"
. "$WT_LIB/enter.sh"
. "$WT_LIB/replay.sh"
. "$WT_LIB/conflicts.sh"
. "$WT_LIB/merging.sh"
. "$WT_LIB/line-ends.sh"
. "$WT_LIB/refresh-index.sh"
. "$WT_LIB/refuse-unfinished.sh"

lock
once
enter
link_shallow
rebase=$IN_REBASE deepen=$IN_DEEPEN from=$IN_FROM
refuse_unfinished
branch=$(git symbolic-ref -q HEAD)
branch=${branch#refs/heads/}
if [ -z "$from" ]; then
  from=$(git rev-parse -q --symbolic-full-name '@{upstream}' 2>/dev/null) || from=
  case $from in refs/heads/*) from=${from#refs/heads/} ;; *) from=${from#refs/remotes/origin/} ;; esac
fi
# Before the first commit, only the config has the upstream.
if [ -z "$from" ] && [ -n "$branch" ]; then from=$(git config "branch.$branch.merge") from=${from#refs/heads/}; fi
if [ -z "$from" ]; then from=$branch; fi
if [ -z "$from" ]; then fail detached; fi
gone_there() {
  if ! grep -q "couldn't find remote ref" "$said"; then fail git "$from"; fi
  speaks_git || fail not_git
  # Fetches the other branches, because the caller may need one of them.
  if [ -e .git/shallow ]; then
    forget_branch "$from"
  else reached fetch_noting_losses --prune --tags --force origin '+refs/heads/*:refs/remotes/origin/*' || fail git; fi
  fail ref_not_found "$from"
}
if [ -e .git/shallow ]; then
  fetch_branch "$from" || gone_there
else
  # Moved tags are updated, too. Tags that only the workspace has stay: --prune spares tags of --tags, not of a refspec.
  # Because the refspec names this branch, the fetch fails before it prunes anything if the host lost the branch or is
  # no git host.
  reached fetch_noting_losses --prune --tags --force origin \
    '+refs/heads/*:refs/remotes/origin/*' "+refs/heads/$from:refs/remotes/origin/$from" || gone_there
fi
tip=$(git rev-parse -q --verify "refs/remotes/origin/$from") || fail ref_not_found "$from"
head=$(git rev-parse -q --verify HEAD)
ahead=0 behind=0 how=nothing_new
go_to() {
  bring_checkout "$1" || fail git
  move_to "$1" || fail dirty_tree
}
follow() {
  combine "$tip" "$head" "$from"
  case $? in
    0) ;;
    1)
      conflicts "$conflict_onto" "$conflict_commit"
      fail conflict "$from"
      ;;
    3)
      say_gone
      fail cannot_leave_out "$from"
      ;;
    *) fail git ;;
  esac
  how=rebased
  if [ -n "$joined" ]; then how=merged; elif [ "$combined" = "$tip" ]; then
    ahead=0
    if [ -z "$gone" ]; then how=fast_forward; fi
  fi
  go_to "$combined"
  if [ -n "$gone" ]; then took_back "$head" "$combined" || fail git; fi
}
merge() {
  if [ -n "$gone" ]; then
    say_gone
    fail history_rewritten "$from"
  fi
  if [ "$ahead" = 0 ]; then
    how=fast_forward
    go_to "$tip"
    return
  fi
  local merged
  how=merged
  bring_checkout "$tip" || fail git
  merged=$(merge_trees --no-messages --name-only --allow-unrelated-histories "$head" "$tip")
  case $? in
    0) merged=$(signing git commit-tree "$merged" -p "$head" -p "$tip" -m "Merge branch '$from'") && go_to "$merged" || fail git ;;
    1)
      if stops_merge "${merged%%$'\n'*}"; then fail dirty_tree; fi
      limited merge -q --no-edit --no-verify --allow-unrelated-histories -m "Merge branch '$from'" "$tip" >/dev/null
      if [ ! -e .git/MERGE_HEAD ]; then fail git; fi
      line_ends
      merging_begun
      conflicts_in_tree
      work=merging
      fail merge_begun "$from"
      ;;
    *) fail git ;;
  esac
}
if [ -z "$head" ]; then
  behind=$(git rev-list --count "$tip") how=fast_forward
  bring_checkout "$tip" || fail git
  git merge -q --ff-only "$tip" >/dev/null || fail git
  line_ends
else
  # A merge needs the merge base, whatever else is known of the two lines.
  if [ "$rebase" != true ]; then old=; fi
  part "$tip" "$head" "$from" "$old" || fail git
  ahead=$(git rev-list --count "${beneath[@]}" "$tip..$head" --)
  # Removed commits count here (`met`), because the remote may have them again.
  behind=$(git rev-list --count "${met[@]}" "$head..$tip" --)
  if [ "$behind" = 0 ] && [ -z "$gone" ]; then
    :
  elif [ "$rebase" = true ]; then
    follow
  else merge; fi
fi
# Commits that the workspace took back and that are here again must not be replaced.
if [ "$how" != nothing_new ] && mark=$(git rev-parse -q --verify "refs/warmtree/replace/$from/@") &&
  git merge-base --is-ancestor "$mark" HEAD; then
  git update-ref -d "refs/warmtree/replace/$from/@" || fail git
fi
section 1
printf '%s\0' "$branch" "$from" "$(git rev-parse HEAD)" "$how" "$behind" "$ahead"
if [ -e .git/shallow ]; then printf 'true\0'; else printf 'false\0'; fi
say_gone
if [ "$how" != nothing_new ]; then refresh_index; fi
