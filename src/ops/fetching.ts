import { REACHED } from "./host-retry.ts";
import { BRING } from "./partial.ts";

/**
 * Fetching branches of the remote. What a branch loses at the remote, because somebody pushed by force, is written down:
 * `refs/warmtree/removed/BRANCH/@ID` says that ID was on BRANCH once and is not any more (docs/history.md). In a shallow clone
 * git takes what lies deeper than the clone for lost, so only a branch that went back to an older commit counts.
 */
export const FETCHING = `${BRING}${REACHED}
# When there is no older history left to get, git deletes net.git's name of the tree's list of where history ends, not the list.
settle_depth() {
  if ! [ -L "$wt/net.git/shallow" ]; then rm -f .git/shallow; ln -sf ../../repo/.git/shallow "$wt/net.git/shallow"; fi
}
settle_depth
# git tells a lost commit in its summary of a fetch, which is no error and is kept from where those are looked for.
told_fetch() {
  local status line
  netgit -c core.abbrev=no -c fetch.output=full fetch --no-progress "$@" 2>"$wt/tmp.fetch"
  status=$?
  while IFS= read -r line; do
    if [[ $line =~ ^' + '([0-9a-f]+)'...'([0-9a-f]+)' '.*' -> origin/'([^ ]+)' '+'(forced update)' ]]; then
      if [ ! -e .git/shallow ] || git merge-base --is-ancestor "\${BASH_REMATCH[2]}" "\${BASH_REMATCH[1]}"; then
        git update-ref "refs/warmtree/removed/\${BASH_REMATCH[3]}/@\${BASH_REMATCH[1]}" "\${BASH_REMATCH[1]}" || status=1
      fi
    else
      case $line in ' '*' -> '*) ;; *) printf '%s\\n' "$line" >&2 ;; esac
    fi
  done <"$wt/tmp.fetch"
  rm -f "$wt/tmp.fetch"
  return "$status"
}
fetch_history() { reached told_fetch --no-tags "$@" && settle_depth; }
# Fetches a branch and sets old to where it was. A shallow clone stays as deep as it is, or gets as many commits more as deepen says:
# asked without a depth, the remote would send the whole history of every branch that was merged since.
fetch_branch() {
  local depth=()
  old=$(git rev-parse -q --verify "refs/remotes/origin/$1")
  if [ -e .git/shallow ]; then depth=("--depth=$(($(git rev-list --count --first-parent "\${old:-HEAD}" --) + \${deepen:-0}))"); fi
  fetch_history "\${depth[@]}" origin "+refs/heads/$1:refs/remotes/origin/$1"
}
# meet TIP SHA BRANCH [OLD]: afterwards it can be told what of SHA is not in TIP. In a shallow clone: either SHA's own commits, without
# merges, stand on what the branch was before (then in beneath), or older ones are fetched until the two lines meet.
meet() {
  local depth
  beneath=()
  if [ -e .git/shallow ] && [ -n "\${4-}" ] && git merge-base --is-ancestor "$4" "$2" && [ -z "$(git rev-list -n 1 --merges "$4..$2" --)" ]; then
    beneath=("^$4")
    return 0
  fi
  for depth in 50 500 2147483647; do
    if [ ! -e .git/shallow ] || git merge-base "$1" "$2" >/dev/null; then return 0; fi
    fetch_history "--deepen=$depth" origin "+refs/heads/$3:refs/remotes/origin/$3" || return 1
  done
}
`;
