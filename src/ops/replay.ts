import { REACHED } from "./host-retry.ts";
import { LIMITED } from "./limits.ts";
import { BRING } from "./partial.ts";

/**
 * `replay TIP SHA` puts the commits of SHA that TIP lacks on top of TIP without touching the working tree, and sets
 * `replayed`. Returns 1 on a conflict, with `conflict_onto` and `conflict_commit` set for `conflicts`.
 *
 * A commit is moved by merging it with a stand-in: TIP's tree with the commit's own parent as parent, so that git finds
 * that parent as the merge base. (`merge-tree --merge-base` says this directly, from git 2.40 on; this works from 2.38.)
 * A commit whose change is there already is dropped. With merges among the commits the two lines are merged instead,
 * as moving a merge would undo what was decided in it.
 */
export const REPLAY = `${BRING}${LIMITED}${REACHED}
since=
# Merging may come upon what a partial clone lacks. With the tree named, its .gitattributes count as they do without.
merge_trees() {
  if partial; then netgit --work-tree="$tree" merge-tree --write-tree "$@"; else limited merge-tree --write-tree "$@"; fi
}
author_of() { git log -1 --date=raw --format='%an%n%ae%n%ad%n%B' "$1" --; }
replay() {
  bring_folders "$1" || return 2
  replayed=$1 replayed_tree=$(git rev-parse "$1^{tree}") || return 2
  local list commit parents stand_in merged
  list=$(git rev-list --reverse --topo-order --parents "$1..$2" \${since:+"^$since"} --) || return 2
  if grep -q ' .* ' <<<"$list"; then
    conflict_onto=$1 conflict_commit=$2
    merged=$(merge_trees --no-messages --name-only --allow-unrelated-histories "$1" "$2") || return $?
    replayed=$(git commit-tree "$merged" -p "$2" -p "$1" -m "Merge remote changes") || return 2
    return 0
  fi
  while read -r commit parents; do
    [ -n "$commit" ] || continue
    stand_in=$replayed
    if [ -n "$parents" ]; then stand_in=$(git commit-tree "$replayed_tree" -p "$parents" -m stand-in) || return 2; fi
    conflict_onto=$stand_in conflict_commit=$commit
    merged=$(merge_trees --no-messages --name-only --allow-unrelated-histories "$stand_in" "$commit") || return $?
    if [ "$merged" = "$replayed_tree" ]; then continue; fi
    replayed=$(author_of "$commit" | {
      IFS= read -r name; IFS= read -r email; IFS= read -r date
      GIT_AUTHOR_NAME=$name GIT_AUTHOR_EMAIL=$email GIT_AUTHOR_DATE="@$date" git commit-tree "$merged" -p "$replayed"
    }) || return 2
    replayed_tree=$merged
  done <<<"$list"
}
# Section 3: what is in conflict; sections 10, 11, …: those files with markers, in the same order.
conflicts() {
  merge_trees --no-messages -z --allow-unrelated-histories "$1" "$2" >"$wt/tmp.conflict"
  section 3
  cat "$wt/tmp.conflict"
  local number=10 tree_id entry path last=
  { IFS= read -r -d '' tree_id
    while IFS= read -r -d '' entry; do
      path=\${entry#*"$tab"}
      if [ "$path" = "$last" ]; then continue; fi
      last=$path
      section "$number"
      git cat-file blob "$tree_id:$path" 2>/dev/null | head -c 65536
      number=$((number + 1))
      if [ "$number" -ge 30 ]; then break; fi
    done
  } <"$wt/tmp.conflict"
  rm -f "$wt/tmp.conflict"
}
# When there is no older history left to get, git deletes net.git's name of the tree's list of where history ends, not the list.
settle_depth() {
  if ! [ -L "$wt/net.git/shallow" ]; then rm -f .git/shallow; ln -sf ../../repo/.git/shallow "$wt/net.git/shallow"; fi
}
settle_depth
fetch_history() { reached netgit fetch -q --no-tags "$@" && settle_depth; }
# Fetches a branch and sets old to where it was. A shallow clone stays as deep as it is, or gets as many commits more as deepen says:
# asked without a depth, the remote would send the whole history of every branch that was merged since.
fetch_branch() {
  local depth=()
  old=$(git rev-parse -q --verify "refs/remotes/origin/$1")
  if [ -e .git/shallow ]; then depth=("--depth=$(($(git rev-list --count --first-parent "\${old:-HEAD}" --) + \${deepen:-0}))"); fi
  fetch_history "\${depth[@]}" origin "+refs/heads/$1:refs/remotes/origin/$1"
}
# meet TIP SHA BRANCH [OLD]: afterwards it can be told what of SHA is not in TIP. In a shallow clone: either SHA's own commits, without
# merges, stand on what the branch was before (then in since), or older ones are fetched until the two lines meet.
meet() {
  local depth
  since=
  if [ -e .git/shallow ] && [ -n "\${4-}" ] && git merge-base --is-ancestor "$4" "$2" && [ -z "$(git rev-list -n 1 --merges "$4..$2" --)" ]; then
    since=$4
    return 0
  fi
  for depth in 50 500 2147483647; do
    if [ ! -e .git/shallow ] || git merge-base "$1" "$2" >/dev/null; then return 0; fi
    fetch_history "--deepen=$depth" origin "+refs/heads/$3:refs/remotes/origin/$3" || return 1
  done
}
`;
