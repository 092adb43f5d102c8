# `delete_branch NAME` deletes a branch of the workspace's own (history.sh), at the remote and here. Commits that only
# this branch has are lost. Refuses if the remote never had one of them, or others pushed one. The push has a lease, so
# commits that reached the remote since the last fetch are not deleted. Needs net.sh.
. "$WT_LIB/reached.sh"

delete_branch() {
  local own others seen tip default= ref
  own=$(git rev-parse -q --verify "refs/warmtree/own/$1/@")
  seen=$(git rev-parse -q --verify "refs/remotes/origin/$1")
  tip=$(git rev-parse -q --verify "refs/heads/$1")
  if [ -z "$own$seen$tip" ]; then fail ref_not_found "$1"; fi
  if [ "$(git symbolic-ref -q HEAD)" = "refs/heads/$1" ]; then fail checked_out "$1"; fi
  if [ -e .git/refs/remotes/origin/HEAD ]; then IFS= read -r default <.git/refs/remotes/origin/HEAD; fi
  if [ -z "$own" ] || [ "$default" = "ref: refs/remotes/origin/$1" ]; then fail not_own "$1"; fi
  if [ "$IN_DELETE_OWN" = false ]; then fail no_delete "$1"; fi
  if [ -n "$tip" ] && [ -n "$(git rev-list -n 1 "$tip" --not "$own" --remotes=origin --)" ]; then fail not_pushed "$1"; fi
  if [ -n "$seen" ] && [ -n "$(git rev-list -n 1 "$seen" --not "$own" "--exclude=origin/$1" --remotes=origin --)" ]; then fail of_others "$1"; fi
  others=$(git rev-parse -q --verify "refs/warmtree/others/$1/@")
  if [ -n "$others" ] && [ -n "$seen" ] && git merge-base --is-ancestor "$others" "$seen" &&
    [ -n "$(git rev-list -n 1 "$others" --not "--exclude=origin/$1" --remotes=origin --)" ]; then fail of_others "$1"; fi
  if [ -z "$url" ]; then fail needs_remote; fi
  if [ -n "$seen" ] && ! reached netgit push --porcelain --no-verify "--force-with-lease=refs/heads/$1:$seen" origin ":refs/heads/$1"; then
    if grep -q '^!.*\[remote rejected\]' "$said"; then fail push_rejected "$(sed -n 's/^!.*\[remote rejected\] (\(.*\)).*/\1/p' "$said")"; fi
    # Someone may have deleted it before.
    grep -qE 'stale info|remote ref does not exist' "$said" || fail git
    ref=$(netgit ls-remote --heads origin "refs/heads/$1") || fail git
    if [ -n "$ref" ]; then fail of_others "$1"; fi
  fi
  for ref in "refs/remotes/origin/$1" "refs/warmtree/own/$1/@" "refs/warmtree/others/$1/@" "refs/warmtree/replace/$1/@"; do
    git update-ref -d "$ref" || fail git
  done
  if [ -n "$tip" ]; then git branch -q -D -- "$1" || fail git; fi
}
