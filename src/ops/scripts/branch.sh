# Lists, creates, deletes or switches to branches. The list takes no lock. For uncommitted changes git's own rule
# applies: git keeps all of them, or does not switch. The upstream of a new branch is the remote branch it starts from,
# otherwise the upstream of the local branch it starts from. A repeated create succeeds if the branch is checked out and
# has no new commit.
# Sections: 1: branch, HEAD, upstream; 2: the list; 3: the deleted branch.
. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/lock.sh"
. "$WT_LIB/once.sh"
. "$WT_LIB/enter.sh"
. "$WT_LIB/commit-of.sh"
. "$WT_LIB/bring.sh"
. "$WT_LIB/line-ends.sh"
. "$WT_LIB/in-the-way.sh"
. "$WT_LIB/delete-branch.sh"
. "$WT_LIB/refresh-index.sh"
. "$WT_LIB/refuse-unfinished.sh"

name=$IN_NAME create=$IN_CREATE from=$IN_FROM count=$IN_COUNT delete=$IN_DELETE format=$IN_FORMAT
# The full name, because a local branch may also be called origin/main.
upstream_of() { git rev-parse -q --verify --symbolic-full-name "$1@{upstream}" 2>/dev/null; }
report() {
  IFS= read -r current <.git/HEAD
  case $current in "ref: refs/heads/"*) current=${current#ref: refs/heads/} ;; *) current= ;; esac
  section 1
  printf '%s\0' "$current" "$(git rev-parse -q --verify HEAD)" "$(upstream_of "")"
}
if [ -z "$name" ]; then
  enter
  report
  section 2
  unwatch
  exec git for-each-ref --sort=-committerdate --count="$count" --format="$format" refs/heads refs/remotes
fi
lock
once
enter
refuse_unfinished
made=
there() { git show-ref -q --verify -- "$1"; }
# Whether an earlier try of this call, whose answer was lost, made the branch.
made_before() {
  there "refs/heads/$name" && [ "$(git symbolic-ref -q HEAD)" = "refs/heads/$name" ] &&
    [ "$(commit_of "${from:-HEAD}")" = "$(git rev-parse HEAD)" ]
}
try() {
  if git switch -q --no-guess "$@" >/dev/null 2>"$wt/tmp.err"; then return; fi
  if [ -n "$made" ]; then git branch -q -D -- "$made"; fi
  cat "$wt/tmp.err" >&2
  if grep -qE 'would be overwritten|would lose|current index first' "$wt/tmp.err"; then fail in_the_way "$(sed -n "s/^$tab//p" "$wt/tmp.err")"; fi
  if make_room "$name" && git switch -q --no-guess "$@" >/dev/null; then return; fi
  fail git "$name"
}
keep_files() {
  local files
  files=$(overwritten "$1" | tr '\0' '\n')
  if [ -n "$files" ]; then fail in_the_way "$files"; fi
}
if [ "$delete" = true ]; then
  if ! there "refs/heads/$name"; then name=${name#origin/}; fi
  delete_branch "$name"
  report
  section 3
  printf '%s\0' "$name"
  exit
fi
if [ "$create" = true ] && made_before; then
  :
elif [ "$create" = true ]; then
  # A try that was killed before its switch.
  if recall && [ "$(git rev-parse -q --verify "refs/heads/$name")" = "${recalled[0]}" ]; then git branch -q -D -- "$name" || fail git; fi
  if there "refs/heads/$name"; then fail branch_exists "$name"; fi
  case $name in *[!0-9a-f]* | ? | ?? | ???) ;; *)
    if git rev-parse -q --verify "$name^{commit}" >/dev/null; then fail is_commit "$name"; fi
    ;;
  esac
  start= upstream=$(upstream_of "")
  if [ -n "$from" ] && [ "$from" != HEAD ]; then
    start=$(commit_of "$from") || unknown_ref "$from"
    bring_checkout "$start" || fail git
    keep_files "$start"
    case $from in refs/heads/*) from=${from#refs/heads/} ;; *) from=${from#refs/} from=${from#remotes/} ;; esac
    if there "refs/heads/$from"; then
      upstream=$(upstream_of "$from")
    elif there "refs/remotes/origin/${from#origin/}"; then upstream=refs/remotes/origin/${from#origin/}; fi
  fi
  # Complete the branch before the switch: a failure or a cut-off leaves the tree on its old branch.
  if git rev-parse -q --verify HEAD >/dev/null || [ -n "$start" ]; then
    if [ -n "${WT_ONCE-}" ]; then remember "$(git rev-parse "${start:-HEAD}")"; fi
    # HEAD is named, because git itself starts from the short name of the branch, and a tag may have the same.
    add() { git branch -q --no-track -- "$name" "${start:-HEAD}"; }
    add || { make_room "$name" && add; } || fail git "$name"
    made=$name
    if [ -n "$upstream" ] && ! git branch -q --set-upstream-to="$upstream" -- "$name"; then
      git branch -q -D -- "$name"
      fail git
    fi
    try --end-of-options "$name"
  else
    # Before the first commit, only the config has the upstream.
    upstream=$(git config "branch.$(git symbolic-ref -q --short HEAD).merge")
    try -c "$name"
    if [ -n "$upstream" ]; then git config "branch.$name.remote" origin && git config "branch.$name.merge" "$upstream" || fail git; fi
  fi
elif there "refs/heads/$name"; then
  bring_checkout "refs/heads/$name" || fail git
  keep_files "refs/heads/$name"
  try --end-of-options "$name"
else
  name=${name#origin/}
  if there "refs/heads/$name" || ! there "refs/remotes/origin/$name"; then
    if git rev-parse -q --verify --end-of-options "$IN_NAME^{commit}" >/dev/null; then fail no_branch "$IN_NAME"; fi
    fail ref_not_found "$IN_NAME"
  fi
  bring_checkout "refs/remotes/origin/$name" || fail git
  keep_files "refs/remotes/origin/$name"
  try -c "$name" --track "refs/remotes/origin/$name"
fi
line_ends
report
refresh_index
