# Commit, then push first and ask questions later: fetching before would cost a round trip and win nothing. Only when
# the remote moved are the two lines put together, in memory, and pushed again; a push that waited for others knows that
# it moved, and does so first.
#
# A push that has no turn yet (docs/decisions/0018-push-queue.md) ends when it loses a race: section 2 says what it would
# have pushed, and where to. It is sent again with that, and commits no more.
. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/lock.sh"
. "$WT_LIB/enter.sh"
. "$WT_LIB/send-commits.sh"
. "$WT_LIB/line-ends.sh"
. "$WT_LIB/commit-changes.sh"

lock
enter
link_shallow
message=$IN_MESSAGE to=$IN_TO turn=$IN_TURN known=$IN_KNOWN sha=$IN_SHA committed=$IN_COMMITTED from=$IN_FROM
amend=$IN_AMEND guard=$IN_GUARD
resolve=("${@:1:IN_RESOLVE}")
shift "$IN_RESOLVE"
files=("$@")
IFS= read -r branch <.git/HEAD
case $branch in "ref: refs/heads/"*) branch=${branch#ref: refs/heads/} ;; *) branch= ;; esac
if [ -z "$sha" ]; then
  commit_changes "$@"
  from=$branch
fi
begun_at=$sha
send_commits
moved=current landed= default=
# While it had no turn, another operation may have gone on from here.
if [ "$branch:$(git rev-parse HEAD)" != "$from:$begun_at" ]; then
  moved=kept
elif [ "$sha" != "$begun_at" ] && ! { bring_checkout "$sha" && move_to "$sha"; }; then moved=kept; fi
case $answer in
  *"*$tab"*)
    base=$(git rev-parse -q --symbolic-full-name '@{upstream}' 2>/dev/null) || base=
    # One whose base is gone still says so with a pull.
    if [ "$to" = "$branch" ] && [ -z "$base" ] &&
      { [ -n "$is_first" ] || ! git config "branch.$branch.merge" >/dev/null; }; then
      git branch -q --set-upstream-to="refs/remotes/origin/$to"
    fi
    case $base in refs/remotes/origin/*) base=${base#refs/remotes/origin/} ;; *) base= ;; esac
    if [ -n "$recreated" ] && [ -n "$base" ] && [ "$base" != "$to" ] &&
      fetch_branch "$base" 2>/dev/null && has_landed "refs/remotes/origin/$base" "$was"; then landed=$base; fi
    if [ -n "$is_first" ]; then
      default=$(netgit ls-remote --symref origin HEAD | sed -n "s,^ref: refs/heads/\(.*\)${tab}HEAD$,\1,p")
      default=${default:--}
    fi
    ;;
esac
section 1
printf '%s\0' "$from" "$to" "$sha" "$committed" "$rebased" "$merged" "$replaced" "$recreated" "$landed" "$moved"
case $answer in *"=$tab"*) printf 'same\0' ;; *) printf 'sent\0' ;; esac
printf '%s\0' "$default"
