# Combines two lines of history without touching the working tree. `part TIP SHA BRANCH OLD` finds the commits of SHA
# that are not in TIP, the tip of BRANCH at the remote. It sets `gone` to those that were removed there, `beneath` to
# the revisions to exclude, and `met` to `beneath` without the removed commits. `combine TIP SHA BRANCH` sets `combined`
# to a commit with both. It returns 1 on a conflict, with `conflict_onto` and `conflict_commit` set for `conflicts`, and
# 3 if removed commits cannot be left out, because of a merge or because of other commits of the remote.
#
# Commits that the remote never had, without merges, are rebased onto TIP. Any other commit keeps its id, so the two
# lines are merged (`joined`): to rebase a merge would undo its decisions.
#
# To rebase a commit, git merges it with a stand-in: TIP's tree, with the commit's own parent as parent, so that git
# finds that parent as the merge base. (`merge-tree --merge-base` does this directly from git 2.40 on; this works from
# 2.38.) A commit whose change is there already is dropped.
. "$WT_LIB/fetching.sh"
. "$WT_LIB/limited.sh"
. "$WT_LIB/history.sh"
. "$WT_LIB/signing.sh"

# A merge may need objects that a partial clone lacks. --work-tree makes the tree's .gitattributes count, as they do in
# a full clone.
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
# movable TIP SHA: whether the commits that SHA has and TIP lacks may be rebased; sets `moving` to them, oldest first.
# If commits were removed, own branches at the remote do not count as the remote's.
movable() {
  local acknowledged=(--remotes=origin --glob=refs/warmtree/removed --glob=refs/warmtree/had)
  moving=$(git rev-list --reverse --topo-order --parents "${beneath[@]}" "$1..$2" --) || return
  if grep -q ' .* ' <<<"$moving"; then return 1; fi
  if [ -n "$gone" ]; then find_acknowledged; fi
  [ "$(grep -c . <<<"$moving")" = "$(git rev-list --count "${beneath[@]}" "$1..$2" --not "${acknowledged[@]}" --)" ]
}
# has_landed TIP SHA: whether TIP has the change of SHA, as after a squash merge. Exit code 0 is needed as well: a
# conflict can also give TIP's tree.
has_landed() {
  local merged
  merged=$(merge_trees --no-messages --name-only "$1" "$2") && [ "$merged" = "$(git rev-parse "$1^{tree}")" ]
}
# join TIP SHA BRANCH: merges the two lines. If TIP has the changes of SHA that the remote had, as after a squash merge,
# only the later ones are new to TIP.
join() {
  local theirs=$1 landed merged
  conflict_commit=$2
  landed=$(newest_landed "$1" "$2") || return 2
  if [ -n "$landed" ]; then theirs=$(git commit-tree "$1^{tree}" -p "$landed" -m stand-in) || return 2; fi
  conflict_onto=$theirs
  merged=$(merge_trees --no-messages --name-only --allow-unrelated-histories "$theirs" "$2") || return $?
  combined=$(signing git commit-tree "$merged" -p "$2" -p "$1" -m "Merge branch '$3'") || return 2
  # shellcheck disable=SC2034 # for scripts
  joined=true
}
# newest_landed TIP SHA: prints the newest commit of SHA that the remote had and whose change TIP has. For a line
# without merges only; tries ten commits at most.
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
# replay TIP: rebases the commits of `moving` onto TIP.
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
      GIT_AUTHOR_NAME=$name GIT_AUTHOR_EMAIL=$email GIT_AUTHOR_DATE="@$date" signing git commit-tree "$merged" -p "$combined"
    }) || return 2
    combined_tree=$merged
  done <<<"$moving"
}
