# Applies (cherry-pick) or reverts (IN_REVERT) each commit of "$@" in order, one new commit for each. If git refuses,
# because of uncommitted changes for example, the branch returns to its old commit. A conflict stays in the files: the
# caller edits them, and a push commits the result. Commits made before the conflict stay. The caller applies those
# after it in another call, because git's own list of them (the sequencer) would block every other operation.
# Sections: 1: HEAD, then commits whose change was there already; 2: pairs of applied commit and new commit; 3 and 10 to
# 29: conflicts (lib/conflicts.sh).
. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/lock.sh"
. "$WT_LIB/once.sh"
. "$WT_LIB/enter.sh"
. "$WT_LIB/commit-of.sh"
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
revert=$IN_REVERT
how=cherry-pick
if [ "$revert" = true ]; then how=revert; fi
refuse_unfinished
began=$(git rev-parse -q --verify HEAD) || fail no_commits
if partial && [ -z "$url" ]; then fail needs_remote; fi
commits=() made=() already=() tree_now= merged= conflicting=
if recall; then
  commits=("${recalled[@]}")
else
  for name; do
    commit=$(commit_of "$name") || unknown_ref "$name"
    commits+=("$commit")
  done
  remember "${commits[@]}"
fi
# merge_ahead COMMIT PARENT: merges in memory before git does so in the tree. This finds an empty result without git's
# own status, which would enter submodules. In a partial clone it fetches the objects that this merge and the merge in
# the tree need. Sets `merged` to the tree, and `conflicting` to the exit code of merge-tree (1: conflict).
merge_ahead() {
  local of
  for of in HEAD "$1" ${2:+"$2"}; do bring_folders "$of" || return 2; done
  tree_now=$(git rev-parse 'HEAD^{tree}')
  if [ "$revert" = true ]; then
    set -- "$(git commit-tree "$tree_now" -p "$1" -m stand-in)" "$(git commit-tree "${2:-$empty}^{tree}" -p "$1" -m stand-in)"
  else set -- "$(git commit-tree "$tree_now" ${2:+-p "$2"} -m stand-in)" "$1"; fi
  merged=$(merge_trees --no-messages --name-only --allow-unrelated-histories "$@")
  conflicting=$?
  if [ "$conflicting" -gt 1 ]; then return 2; fi
  merged=${merged%%$'\n'*}
  bring_changed diff-tree -r "$tree_now" "$merged" || return 2
}
give_up() {
  rm -f .git/index.lock
  # Without a signature, the change is in the tree and the index. The index had none of the caller's.
  if [ -e "$wt/tmp.err" ] && grep -q 'warmtree: .* sign: ' "$wt/tmp.err"; then git reset -q --merge; fi
  git reset -q --keep "$began" -- 2>/dev/null || work=changed
  line_ends
  if [ -e "$wt/tmp.err" ]; then cat "$wt/tmp.err" >&2; fi
  case $1 in 137 | 152) fail too_expensive ;; esac
  fail git
}
empty=$(git hash-object -t tree /dev/null)
for commit in "${commits[@]}"; do
  read -r _ parent others <<<"$(git rev-list --no-walk --parents "$commit" --)"
  merge_ahead "$commit" "$parent" || give_up 1
  if [ "$merged:$conflicting" = "$tree_now:0" ]; then
    already+=("$commit")
    continue
  fi
  flags=()
  if [ -n "$others" ]; then flags=(-m 1); fi
  if [ "$revert" = true ]; then flags+=(--no-edit); fi
  signing limited "$how" "${flags[@]}" "$commit" >/dev/null 2>"$wt/tmp.err"
  status=$?
  if [ "$status" = 0 ]; then
    made+=("$commit" "$(git rev-parse HEAD)")
  elif [ -z "$(git ls-files -u | head -c 1)" ]; then
    give_up "$status"
  else
    line_ends
    merging_begun
    section 2
    printf '%s\0' "${made[@]}"
    conflicts_in_tree
    work=merging
    fail begun "$commit $((${#commits[@]} - ${#made[@]} / 2 - ${#already[@]} - 1))"
  fi
done
line_ends
section 1
printf '%s\0' "$(git rev-parse HEAD)" "${already[@]}"
section 2
if [ "${#made[@]}" -gt 0 ]; then
  printf '%s\0' "${made[@]}"
  refresh_index
fi
