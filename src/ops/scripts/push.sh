# Commits, then pushes without a fetch: a fetch first would cost a round trip and prevent no race. Only if the remote
# moved does the script combine the two lines in memory and push again. A push that waited for others (IN_TURN is
# `waited`) fetches first, because the branch has moved.
#
# A push without a turn (docs/decisions/0018-push-queue.md) ends when it loses a race. The Worker sends it again with
# the values of section 2, and the script does not commit again. A push that is sent again after its Worker was lost
# finds these values in the sandbox (lib/resume-push.sh).
#
# Sections: 1: the result; 2: of a lost race, branch, commit to push, commit made, branch of the tree; 3 and 10 to 29:
# conflicts (lib/conflicts.sh); 4: removed commits (lib/history.sh); 5 and 6: messages and state of the push
# (lib/send-commits.sh); 7: files that git ignores (lib/commit-changes.sh);
# 8: what rules say (lib/rules.pl).
. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/lock.sh"
. "$WT_LIB/enter.sh"
. "$WT_LIB/once.sh"
. "$WT_LIB/send-commits.sh"
. "$WT_LIB/line-ends.sh"
. "$WT_LIB/commit-changes.sh"

lock
once
enter
link_shallow
message=$IN_MESSAGE to=$IN_TO turn=$IN_TURN known=$IN_KNOWN sha=$IN_SHA committed=$IN_COMMITTED from=$IN_FROM
amend=$IN_AMEND rule=$IN_DEFAULT_BRANCH
resolve=("${@:1:IN_RESOLVE}")
shift "$IN_RESOLVE"
allowed=("${@:1:IN_ALLOWED}")
shift "$IN_ALLOWED"
# In a shell, `*` is every file. No file has this name, or it is meant.
for path; do
  if [ "$path" = '*' ] && ! [ -e '*' ] && [ -z "$(git ls-files -- '*')" ]; then set --; fi
done
files=("$@")
IFS= read -r branch <.git/HEAD
case $branch in "ref: refs/heads/"*) branch=${branch#ref: refs/heads/} ;; *) branch= ;; esac
resume_push
if [ -z "$sha" ]; then
  commit_changes "$@"
  from=$branch
fi
begun_at=${begun_at:-$sha}
send_commits
moved=current landed= default=
stands=$branch:$(git rev-parse HEAD)
# While this push had no turn, another operation may have moved HEAD.
if [ "$stands" = "$from:$sha" ]; then
  :
elif [ "$stands" != "$from:$begun_at" ]; then
  moved=kept
elif ! { bring_checkout "$sha" && move_to "$sha"; }; then moved=kept; fi
case $answer in
  *"*$tab"*)
    base=$(git rev-parse -q --symbolic-full-name '@{upstream}' 2>/dev/null) || base=
    # A configured upstream stays, even if the remote lost it: a pull reports that.
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
say_ignored
section 1
printf '%s\0' "$from" "$to" "$sha" "$committed" "$rebased" "$merged" "$replaced" "$recreated" "$landed" "$moved"
case $answer in *"=$tab"*) printf 'same\0' ;; *) printf 'sent\0' ;; esac
printf '%s\0' "$default"
