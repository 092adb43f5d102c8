# Two lines become one, without touching the working tree. `part TIP SHA BRANCH OLD` finds out what of SHA is not in TIP, the
# tip of BRANCH at the remote, and what of that was taken away there (`gone`); `beneath` without that is `met`. `combine TIP SHA BRANCH` sets `combined` to a
# commit with both. Returns 1 on a conflict, with `conflict_onto` and `conflict_commit` set for `conflicts`, and 3 where
# commits that were taken away cannot be left out, because of a merge or of what else the remote has.
#
# Commits that the remote never had, without merges, are put on top of TIP. Any other keeps its id, so the two lines are
# merged (`joined`): moving a merge would undo what was decided in it.
#
# A commit is moved by merging it with a stand-in: TIP's tree with the commit's own parent as parent, so that git finds
# that parent as the merge base. (`merge-tree --merge-base` says this directly, from git 2.40 on; this works from 2.38.)
# A commit whose change is there already is dropped.
. "$WT_LIB/fetching.sh"
. "$WT_LIB/limited.sh"
. "$WT_LIB/history.sh"

# Merging may come upon what a partial clone lacks. With the tree named, its .gitattributes count as they do without.
merge_trees() {
  if partial; then netgit --work-tree="$tree" merge-tree --write-tree "$@"; else limited merge-tree --write-tree "$@"; fi
}
part() {
  resolve_doubts "$2" "${4-}" || return
  removed_from "$3"
  gone_of "$2" "^$1" || return
  local removed=("${beneath[@]}")
  meet "$1" "$2" "$3" "${4-}" || return
  # shellcheck disable=SC2034 # for scripts
  met=("${beneath[@]}")
  beneath+=("${removed[@]}")
}
combine() {
  joined= combined=
  bring_folders "$1" || return 2
  if movable "$1" "$2"; then
    replay "$1"
    return
  fi
  if [ -n "$gone" ]; then return 3; fi
  if [ -e .git/shallow ]; then
    meet "$1" "$2" "$3" && part "$@" || return 2
    if [ -n "$gone" ]; then return 3; fi
  fi
  if git merge-base --is-ancestor "$2" "$1"; then combined=$1; else join "$@"; fi
}
# Sets moving to what SHA has and TIP lacks, oldest first. Own branches at the remote yield to what somebody took away.
movable() {
  local acknowledged=(--remotes=origin --glob=refs/warmtree/removed --glob=refs/warmtree/had)
  moving=$(git rev-list --reverse --topo-order --parents "${beneath[@]}" "$1..$2" --) || return
  if grep -q ' .* ' <<<"$moving"; then return 1; fi
  if [ -n "$gone" ]; then find_acknowledged; fi
  [ "$(grep -c . <<<"$moving")" = "$(git rev-list --count "${beneath[@]}" "$1..$2" --not "${acknowledged[@]}" --)" ]
}
# has_landed TIP SHA: whether TIP has the change that SHA is, as after a squash merge. A conflict may be TIP's tree as well.
has_landed() {
  local merged
  merged=$(merge_trees --no-messages --name-only "$1" "$2") && [ "$merged" = "$(git rev-parse "$1^{tree}")" ]
}
# Where TIP holds what the remote had of SHA, as after a squash merge, only what came since is new to it.
join() {
  local theirs=$1 landed merged
  conflict_commit=$2
  landed=$(newest_landed "$1" "$2") || return 2
  if [ -n "$landed" ]; then theirs=$(git commit-tree "$1^{tree}" -p "$landed" -m stand-in) || return 2; fi
  conflict_onto=$theirs
  merged=$(merge_trees --no-messages --name-only --allow-unrelated-histories "$theirs" "$2") || return $?
  combined=$(git commit-tree "$merged" -p "$2" -p "$1" -m "Merge branch '$3'") || return 2
  # shellcheck disable=SC2034 # for scripts
  joined=true
}
# In a line without merges, the newest commit that the remote had and whose change TIP holds. More than a few are not tried.
newest_landed() {
  local commit own
  if grep -q ' .* ' <<<"$moving"; then return; fi
  own=$(git rev-list --count "$1..$2" --not --remotes=origin --glob=refs/warmtree/removed --glob=refs/warmtree/had --) || return
  for commit in $(git rev-list --skip="$own" --max-count=10 "$1..$2" --); do
    if has_landed "$1" "$commit"; then
      echo "$commit"
      return
    fi
  done
}
author_of() { git log -1 --date=raw --format='%an%n%ae%n%ad%n%B' "$1" --; }
# Puts what is moving on top of TIP.
replay() {
  local commit parents stand_in merged combined_tree
  combined=$1 combined_tree=$(git rev-parse "$1^{tree}") || return 2
  while read -r commit parents; do
    [ -n "$commit" ] || continue
    stand_in=$combined
    if [ -n "$parents" ]; then stand_in=$(git commit-tree "$combined_tree" -p "$parents" -m stand-in) || return 2; fi
    # shellcheck disable=SC2034 # for scripts
    conflict_onto=$stand_in conflict_commit=$commit
    merged=$(merge_trees --no-messages --name-only --allow-unrelated-histories "$stand_in" "$commit") || return $?
    if [ "$merged" = "$combined_tree" ]; then continue; fi
    combined=$(author_of "$commit" | {
      IFS= read -r name
      IFS= read -r email
      IFS= read -r date
      GIT_AUTHOR_NAME=$name GIT_AUTHOR_EMAIL=$email GIT_AUTHOR_DATE="@$date" git commit-tree "$merged" -p "$combined"
    }) || return 2
    combined_tree=$merged
  done <<<"$moving"
}
