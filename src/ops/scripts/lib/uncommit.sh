# `uncommit` takes back the commits since this branch left `to`. The index keeps its content, so new files do not become
# untracked. Section 1: the commit that HEAD is on then, and the commits taken back.
. "$WT_LIB/history.sh"
. "$WT_LIB/commit-of.sh"
. "$WT_LIB/refuse-unfinished.sh"

uncommit() {
  local head target base
  refuse_unfinished
  head=$(git rev-parse -q --verify HEAD) || fail no_commits
  if recall; then
    target=${recalled[0]}
  else
    target=$(commit_of "$to") || unknown_ref "$to"
    remember "$target"
  fi
  base=$(git merge-base "$target" "$head") || fail unrelated "$to"
  may_take_back "$base..$head" || fail published
  section 1
  printf '%s\0' "$base"
  git rev-list "$base..$head" -- | tr '\n' '\0'
  if [ "$base" = "$head" ]; then return; fi
  git reset -q --soft "$base" || fail git
  took_back "$head" "$base" || fail git
}
