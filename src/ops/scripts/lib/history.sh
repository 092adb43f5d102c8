beneath=() gone=
# What was taken away from BRANCH, or from any ("") is beneath: as good as there already.
removed_from() { mapfile -t beneath < <(git for-each-ref --format='^%(objectname)' "refs/warmtree/removed/${1:+"$1/"}"); }
# gone_of REVISIONS…: sets gone to those of the commits that were taken away, newest first.
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
# Own branches that the remote holds as this workspace left them, and what that is.
own_branches() {
  local ref id branch
  while read -r ref id; do
    branch=${ref#refs/warmtree/own/} branch=${branch%/@}
    if [ "$(git rev-parse -q --verify "refs/remotes/origin/$branch")" = "$id" ]; then printf '%s %s\n' "$branch" "$id"; fi
  done < <(git for-each-ref --format='%(refname) %(objectname)' refs/warmtree/own/)
}
# Sets acknowledged to revisions: what others may have, for it was at the remote and not on own branches alone.
find_acknowledged() {
  local branch id
  acknowledged=()
  while read -r branch id; do acknowledged+=("--exclude=origin/$branch"); done < <(own_branches)
  acknowledged+=(--remotes=origin --glob=refs/warmtree/removed --glob=refs/warmtree/had --glob=refs/warmtree/others/)
}
# may_take_back RANGE: whether its commits were never at the remote, but on own branches.
may_take_back() {
  local acknowledged
  find_acknowledged
  [ "$(git rev-list --count "$1" --)" = "$(git rev-list --count "$1" --not "${acknowledged[@]}" --)" ]
}
# took_back OLD NEW: own branches at the remote that hold what is in OLD and not in NEW are replaced by the next push.
took_back() {
  local branch id
  while read -r branch id; do
    if git merge-base --is-ancestor "$id" "$1" && ! git merge-base --is-ancestor "$id" "$2"; then
      git update-ref "refs/warmtree/replace/$branch/@" "$id" || return 1
    fi
  done < <(own_branches)
}
