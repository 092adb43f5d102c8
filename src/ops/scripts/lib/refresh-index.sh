# `refresh_index`, at the end of a script that has rewritten much of the tree, makes looks at it cheap from a second later on.
# Of a file that changed in the second in which the index was written git cannot know whether it changed once more, and
# every look reads all of those, until the index is written again. Written in a later second it holds for every file,
# and with it what is in each folder (untracked cache). Under the lock, so that no edit falls between the looking and
# the writing; and not in a second in which a folder changed, but in one of the next ten. In a shell of its own, whose
# environment never held a credential, and that is not of the call: it goes on when that has ended.
#
# Once in a sandbox it finds out whether git can watch the tree by itself, which it does from then on, and whether there is
# more than one processor to look with.
refresh_index() {
  # Out of the tree while it waits: an edit takes a process that says WT_LOOK and is in the tree for a look that has begun.
  (cd "$HOME" && unset WT_LOOK WT_CALL && exec /bin/sh -s) >/dev/null 2>&1 9>&- <<'LATER' &
export TZ=UTC0
. "$WT_LIB/git-without-lock.sh"
. "$WT_LIB/hold.sh"
wt=$HOME/.warmtree
for try in 1 2 3 4 5 6 7 8 9 10; do
cd "$HOME"
sleep 1
hold || exit
cd repo && [ -d .git ] || exit
# Whose maker died is seen to by the next who holds the lock.
if [ -s "$wt/open" ]; then exit; fi
echo refresh_index >"$wt/open"
if [ ! -e "$wt/git.config" ]; then
  {
    echo '[core]'
    case $(git version --build-options) in *'feature: fsmonitor--daemon'*) echo 'fsmonitor = true' ;; esac
    # Threads that look at files in turn take longer than one.
    if [ "$(nproc)" = 1 ]; then echo 'preloadIndex = false'; fi
  } >"$wt/git.config"
fi
# A folder that changed in this second may do so once more and look the same. Git knows until the index is written again.
touch -t "$(date +%Y%m%d%H%M.%S)" "$wt/open"
changing=$(find . -name .git -prune -o -type d -newer "$wt/open" -print | head -n 1)
if [ -z "$changing" ]; then GIT_OPTIONAL_LOCKS=1 git -c core.untrackedCache=true status --ignore-submodules=dirty; fi
: >"$wt/open"
exec 9>&-
if [ -z "$changing" ]; then break; fi
done
LATER
}
