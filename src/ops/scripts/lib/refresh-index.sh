# `refresh_index`, at the end of a script that has rewritten much of the tree, writes the index again in the background,
# so that looks become cheap from a second later on. git cannot see whether a file that changed in the second in which
# the index was written changed once more ("racily clean", gitformat-index(5)), so each look reads all such files until
# a later second's index marks them as unchanged. That index also stores the content of each folder (untracked cache).
# The write happens under the lock, so that no edit falls between reading and writing, and in one of ten seconds, the
# first in which no folder changed. It happens in a separate shell, whose environment never held a credential and which
# does not belong to the call, so that it continues when the call ends.
#
# Once in a sandbox, it writes git.config: whether git can watch the tree itself (fsmonitor), which it does from then
# on, and whether there is more than one processor to read files with.
refresh_index() {
  # Waits outside the tree: an edit takes a process with WT_LOOK in the tree for a look.
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
# A killed operation left it open. The next operation that holds the lock cleans up.
if [ -s "$wt/open" ]; then exit; fi
echo refresh_index >"$wt/open"
if [ ! -e "$wt/git.config" ]; then
  {
    echo '[core]'
    case $(git version --build-options) in *'feature: fsmonitor--daemon'*) echo 'fsmonitor = true' ;; esac
    # On one processor, several threads that read files take longer than one.
    if [ "$(nproc)" = 1 ]; then echo 'preloadIndex = false'; fi
  } >"$wt/git.config"
fi
# A folder that changed in this second may change again and keep its time. git notices that only until the index is
# written again.
touch -t "$(date +%Y%m%d%H%M.%S)" "$wt/open"
changing=$(find . -name .git -prune -o -type d -newer "$wt/open" -print | head -n 1)
if [ -z "$changing" ]; then GIT_OPTIONAL_LOCKS=1 git -c core.untrackedCache=true status --ignore-submodules=dirty; fi
: >"$wt/open"
exec 9>&-
if [ -z "$changing" ]; then break; fi
done
LATER
}
