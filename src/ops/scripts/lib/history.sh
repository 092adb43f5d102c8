# Refs that record the remote's past commits and the owners of commits (docs/decisions/0020-whose-commits.md). All are
# below refs/warmtree:
# - own/BRANCH/@: a branch of the workspace's own, as this workspace left it at the remote
# - others/BRANCH/@: a commit on such a branch that others pushed
# - replace/BRANCH/@: the commit at the remote that the next push replaces
# - cloned/@: the commit of a clone of one commit
# - removed/, had/, doubted/: commits that the remote lost (fetching.sh)
beneath=() gone=
# removed_from BRANCH: sets `beneath` to exclude the commits that were removed from BRANCH, or from any branch ("").
removed_from() { mapfile -t beneath < <(git for-each-ref --format='^%(objectname)' "refs/warmtree/removed/${1:+"$1/"}"); }
# gone_of REVISION…: sets `gone` to the removed commits among them, newest first.
gone_of() {
  gone=
  if [ "${#beneath[@]}" -gt 0 ]; then
    gone=$(grep -vxFf <(git rev-list "${beneath[@]}" "$@" --) <(git rev-list "$@" --)) || [ $? = 1 ]
  fi
}
say_gone() {
  section 4
  if [ -n "$gone" ]; then tr '\n' '\0' <<<"$gone"; fi
}
# Prints each own branch that is at the remote as this workspace left it, with its commit.
own_branches() {
  local ref id branch
  while read -r ref id; do
    branch=${ref#refs/warmtree/own/} branch=${branch%/@}
    if [ "$(git rev-parse -q --verify "refs/remotes/origin/$branch")" = "$id" ]; then printf '%s %s\n' "$branch" "$id"; fi
  done < <(git for-each-ref --format='%(refname) %(objectname)' refs/warmtree/own/)
}
# Sets `acknowledged` to the revisions that others may have: commits that were at the remote, and not on own branches
# alone.
find_acknowledged() {
  local branch id
  acknowledged=()
  while read -r branch id; do acknowledged+=("--exclude=origin/$branch"); done < <(own_branches)
  acknowledged+=(--remotes=origin --glob=refs/warmtree/removed --glob=refs/warmtree/had --glob=refs/warmtree/others/)
}
# may_take_back RANGE: whether none of its commits was ever at the remote, except on own branches.
may_take_back() {
  local acknowledged
  find_acknowledged
  [ "$(git rev-list --count "$1" --)" = "$(git rev-list --count "$1" --not "${acknowledged[@]}" --)" ]
}
# took_back OLD NEW: marks own branches at the remote whose commit is in OLD and not in NEW. The next push replaces
# them.
took_back() {
  local branch id
  while read -r branch id; do
    if git merge-base --is-ancestor "$id" "$1" && ! git merge-base --is-ancestor "$id" "$2"; then
      git update-ref "refs/warmtree/replace/$branch/@" "$id" || return 1
    fi
  done < <(own_branches)
}
