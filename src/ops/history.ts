/** Ids of commits that were taken away at the remote, newest first. */
export const GONE_SECTION = 4;

/**
 * Whose commits are whose (docs/history.md): a commit that is on the remote keeps its id, and one that somebody took away from
 * a branch of the remote is not sent to it again. What is known of that are names beside the tree's own, which no fetch and
 * no push touches:
 *   refs/warmtree/removed/BRANCH/@ID  ID was on BRANCH of the remote once (fetching.ts)
 *   refs/warmtree/doubted/BRANCH/@ID  ID was, and a shallow clone does not know yet whether it still is (fetching.ts)
 *   refs/warmtree/had/BRANCH/@ID      ID is what BRANCH of the remote was when somebody deleted it (fetching.ts)
 *   refs/warmtree/own/BRANCH/@        BRANCH is this workspace's own: what it last pushed there
 *   refs/warmtree/others/BRANCH/@     the newest commit of others on that: it and what is beneath it are not replaced
 *   refs/warmtree/replace/BRANCH/@    what this workspace took back of its own BRANCH: the next push replaces it, while the
 *                                     remote holds just that
 */
/** What the remote has or had, for rev-list after --not; of what it has, less what --exclude names before it. */
export const WAS_THERE = "--remotes=origin --glob=refs/warmtree/removed --glob=refs/warmtree/had";

export const HISTORY = `
beneath=() gone=
# What was taken away from BRANCH, or from any ("") is beneath: as good as there already.
removed_from() { mapfile -t beneath < <(git for-each-ref --format='^%(objectname)' "refs/warmtree/removed/\${1:+"$1/"}"); }
# gone_of REVISIONS…: sets gone to those of the commits that were taken away, newest first.
gone_of() {
  gone=
  if [ "\${#beneath[@]}" -gt 0 ]; then
    gone=$(grep -vxFf <(git rev-list "\${beneath[@]}" "$@" --) <(git rev-list "$@" --)) || [ $? = 1 ]
  fi
}
say_gone() { section ${GONE_SECTION}; if [ -n "$gone" ]; then tr '\\n' '\\0' <<<"$gone"; fi; }
# Own branches that the remote holds as this workspace left them, and what that is.
own_branches() {
  local ref id branch
  while read -r ref id; do
    branch=\${ref#refs/warmtree/own/} branch=\${branch%/@}
    if [ "$(git rev-parse -q --verify "refs/remotes/origin/$branch")" = "$id" ]; then printf '%s %s\\n' "$branch" "$id"; fi
  done < <(git for-each-ref --format='%(refname) %(objectname)' refs/warmtree/own/)
}
# Sets acknowledged to revisions: what others may have, for it was at the remote and not on own branches alone.
find_acknowledged() {
  local branch id
  acknowledged=()
  while read -r branch id; do acknowledged+=("--exclude=origin/$branch"); done < <(own_branches)
  acknowledged+=(${WAS_THERE} --glob=refs/warmtree/others/)
}
# may_take_back RANGE: whether its commits were never at the remote, but on own branches.
may_take_back() {
  local acknowledged
  find_acknowledged
  [ "$(git rev-list --count "$1" --)" = "$(git rev-list --count "$1" --not "\${acknowledged[@]}" --)" ]
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
`;
