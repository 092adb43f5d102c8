# Fetches branches of the remote, and records losses of the remote in refs (history.sh): commits that a branch lost in a
# forced push (`removed`), and branches that someone deleted (`had`). In a shallow clone git also reports a forced
# update when the old commit is merely outside the clone, so there the old commit is `doubted` first, until
# `resolve_doubts` has enough older commits to decide.
. "$WT_LIB/bring.sh"
. "$WT_LIB/reached.sh"

# When no older history is left to fetch, git deletes the link `shallow` in net.git, and not the tree's list that it
# points to. `link_shallow` deletes that list and restores the link.
link_shallow() {
  if ! [ -L "$wt/net.git/shallow" ]; then
    rm -f .git/shallow
    ln -sf ../../repo/.git/shallow "$wt/net.git/shallow"
  fi
}
# fetch_noting_losses ARGUMENT…: git fetch in net.git. Reads losses from git's summary. The summary is no error, so its
# lines do not go to stderr, where errors are searched for.
fetch_noting_losses() {
  local status line before= lost=
  case " $* " in *' --prune '*) before=$(git for-each-ref --format='%(objectname) %(refname:lstrip=3)' refs/remotes/origin/)$'\n' ;; esac
  netgit -c core.abbrev=no -c fetch.output=full fetch --no-progress "$@" 2>"$wt/tmp.fetch"
  status=$?
  while IFS= read -r line; do
    if [[ $line =~ ^' + '([0-9a-f]+)'...'([0-9a-f]+)' '.*' -> origin/'([^ ]+)' '+'(forced update)' ]]; then
      set -- "${BASH_REMATCH[@]:1}"
      if [ ! -e .git/shallow ] || git merge-base --is-ancestor "$2" "$1"; then
        lost+="update refs/warmtree/removed/$3/@$1 $1"$'\n'
      else lost+="update refs/warmtree/doubted/$3/@$1 $1"$'\n'; fi
    elif [[ $line =~ ^' - [deleted] '.*' -> origin/'([^ ]+)$ ]]; then
      set -- "${BASH_REMATCH[1]}" "${before%%" ${BASH_REMATCH[1]}"$'\n'*}"
      lost+="update refs/warmtree/had/$1/@${2##*$'\n'} ${2##*$'\n'}"$'\n'
    else
      case $line in ' '*' -> '*) ;; *) printf '%s\n' "$line" >&2 ;; esac
    fi
  done <"$wt/tmp.fetch"
  rm -f "$wt/tmp.fetch"
  if [ -n "$lost" ]; then printf %s "$lost" | git update-ref --stdin || return 1; fi
  return "$status"
}
# forget_branch NAME: records that the remote no longer has this branch.
forget_branch() {
  local id
  id=$(git rev-parse -q --verify "refs/remotes/origin/$1") || return 0
  git update-ref "refs/warmtree/had/$1/@$id" "$id" && git update-ref -d "refs/remotes/origin/$1"
}
fetch_history() { reached fetch_noting_losses --no-tags "$@" && link_shallow; }
# fetch_branch NAME: fetches a branch and sets `old` to its commit before. A shallow clone keeps its depth, or gets
# `deepen` more commits: without a depth, the remote would send the whole history of every branch that was merged since.
fetch_branch() {
  local depth=()
  old=$(git rev-parse -q --verify "refs/remotes/origin/$1")
  if [ -e .git/shallow ]; then depth=("--depth=$(($(git rev-list --count --first-parent "${old:-HEAD}" --) + ${deepen:-0}))"); fi
  fetch_history "${depth[@]}" origin "+refs/heads/$1:refs/remotes/origin/$1"
}
# meet TIP SHA BRANCH [OLD]: makes sure that git can list the commits of SHA that are not in TIP. In a shallow clone,
# either the commits of SHA follow OLD, the branch's earlier tip, without merges (then `beneath` excludes OLD), or older
# commits are fetched until the two lines have a merge base.
meet() {
  local depth
  beneath=()
  if [ -e .git/shallow ] && [ -n "${4-}" ] && git merge-base --is-ancestor "$4" "$2" && [ -z "$(git rev-list -n 1 --merges "$4..$2" --)" ]; then
    beneath=("^$4")
    return 0
  fi
  for depth in 50 500 2147483647; do
    if [ ! -e .git/shallow ] || git merge-base "$1" "$2" >/dev/null; then return 0; fi
    fetch_history "--deepen=$depth" origin "+refs/heads/$3:refs/remotes/origin/$3" || return 1
  done
}
# resolve_doubts SHA [EXCEPT]: finds out, for each `doubted` commit in SHA but EXCEPT, whether its branch still holds
# it. If the remote does not answer, the commit stays in doubt.
resolve_doubts() {
  local ref id branch tip
  while read -r id ref; do
    if [ "$id" = "${2-}" ]; then continue; fi
    branch=${ref#refs/warmtree/doubted/} branch=${branch%/@*}
    tip=refs/remotes/origin/$branch
    if ! git show-ref -q --verify "$tip" || ! meet "$tip" "$id" "$branch"; then continue; fi
    if ! git merge-base --is-ancestor "$id" "$tip"; then git update-ref "refs/warmtree/removed/$branch/@$id" "$id" || return 1; fi
    git update-ref -d "$ref" || return 1
  done < <(git for-each-ref --merged="$1" --format='%(objectname) %(refname)' refs/warmtree/doubted/)
}
