import { TAKE_CREDENTIAL } from "./hand-over.ts";
import { AWAIT_EDIT, UNDO } from "./undo.ts";
import { UNFINISHED_WORDS } from "./unfinished.ts";
import { CALL, UNWATCH } from "./watch.ts";

/**
 * Pieces that scripts are made of. All are constants: a caller's text reaches a script only as "$1" or environment.
 *
 * Layout in the sandbox: `$HOME/repo` is the working tree; `$HOME/.warmtree` is ours:
 *   lock      held (flock) by the one operation that changes the workspace, or by the pool that pauses it
 *   open      says what the lock's holder does, "open" for a change and "settle"; found not empty, its maker died and
 *             `recover` cleans up
 *   net.git   git dir for commands that talk to the remote: shares objects and refs with the tree, but has its own
 *             config and no hooks, so nothing that was written into the tree's .git can see a credential
 *   undo/     originals of the files an edit is replacing
 *   seed      in a sandbox from a repository snapshot: the clone that a workspace's own is made of (seed.ts)
 *   new       a clone that is not whole yet
 *   partial   in a partial clone: the filter that its remote took
 *   pausing   is there while the pool holds the lock for a pause (inspect.ts); holds names the newest time it did
 *   finished  leads to the tree while no merge, rebase or the like is unfinished in it
 *   began_empty  is there until the first push, where the repository had no commit
 *   refused   the commit that the git host refused last
 *   merging   is as old as the merge that is open
 *   git.config  what this sandbox's git can do, found out once
 */

/**
 * The first piece of every script. `section N` starts section N of the output. The nonce is random for each call, so no
 * file content can fake a mark.
 */
export const SECTION = `${TAKE_CREDENTIAL}${UNWATCH}
section() { printf '\\0%s:%s\\n' "$WT_NONCE" "$1"; }
tree=$HOME/repo wt=$HOME/.warmtree
`;

/**
 * `fail reason [subject]` ends the script, saying what became of the work. A reason is an error code, `git` (whatever
 * git's stderr says), or a word that the operation explains (see failureOf in failure.ts). In a pipe it ends that side
 * only; so a batch, which must stop there, is told by a file as well (WT_FAILED).
 */
export const FAIL = `
committed= work=unchanged pushed=false
fail() {
  section 0; printf '%s\\0' "$1" "\${2-}" "$committed" "$work" "\${asked_s-}" "$pushed"
  if [ -n "\${WT_FAILED-}" ]; then : >"$WT_FAILED"; fi
  exit 3
}
`;

/** Into the tree, whole: where an edit is in its middle, once that is over. A clear answer where there is no clone. */
export const ENTER = `
cd "$tree" 2>/dev/null && [ -e .git ] || fail not_cloned
while [ -s "$wt/undo/list" ]; do
  # An edit waits for looks that are in the tree.
  cd "$HOME" && perl -e '${AWAIT_EDIT}' && cd "$tree" || fail workspace_busy
done
`;

/**
 * `busy`: whether an operation holds the lock, for the pool's own looks, which never wait. One that settles is not in
 * the way: it may stop anywhere and go on after a pause.
 */
export const BUSY = `
busy() {
  [ -s "$wt/open" ] && read -r holder <"$wt/open" && [ "$holder" = open ] || return 1
  if command -v flock >/dev/null 2>&1
  then ! flock -n "$wt/lock" true
  else ! perl -e 'use Fcntl ":flock"; open(my $f, ">>", $ARGV[0]) or exit 0; flock($f, LOCK_EX | LOCK_NB) or exit 1' "$wt/lock"
  fi
}
`;

/**
 * Whether a submodule's commit is another is told, from our own index. What changed in its folder is not asked for: that
 * would take git into a repository of somebody's making, and end it where .gitmodules holds a value that it refuses.
 */
export const SUBMODULES = "--ignore-submodules=dirty";

/** Parameters of git started without a shell: in the tree, and nowhere above it. */
export const IN_TREE = ["-C", "repo", "--git-dir=.git"] as const;
/** The same, where nothing is unfinished. */
export const IN_FINISHED_TREE = ["-C", ".warmtree/finished", "--git-dir=.git"] as const;

/** What an operation that was ended leaves behind, but for an edit's changes (undo.ts). */
export const CLEAR_AWAY = `rm -rf "$HOME/.warmtree/new" "$HOME/.warmtree/undo" "$HOME"/.warmtree/tmp.*
  if [ -d "$HOME/repo/.git" ]; then
    for lock in index HEAD packed-refs shallow config; do rm -f "$HOME/repo/.git/$lock.lock"; done
    find "$HOME/repo/.git/refs" -name '*.lock' -type f -delete
  fi`;

/**
 * git's file system monitor closes what it inherits where there is a /proc (Linux, since it has one); elsewhere that
 * daemon would hold the lock on.
 */
const LOCK_KEPT = `if ! [ -e /proc/self/fd ]; then git() { command git "$@" 9>&-; }; fi`;

/**
 * Takes the lock, waiting its turn. It is on an open file description, so the kernel frees it when the holder dies. perl
 * serves where flock(1) is missing (macOS).
 */
export const HOLD = `
exec 9>>"$wt/lock"
if command -v flock >/dev/null 2>&1
then flock -w "$WT_LOCK_WAIT_S" 9
else perl -e 'use Fcntl ":flock"; open(my $f, ">&=", 9) or exit 1; $SIG{ALRM} = sub { exit 1 }; alarm $ARGV[0]; flock($f, LOCK_EX) or exit 1' "$WT_LOCK_WAIT_S"
fi`;

/**
 * Around the taking of the lock. The pool holds it from its last look at a workspace until the sandbox is paused. What
 * comes then, or has waited for the lock meanwhile and so may have slept through the pause, must not begin: whoever sent it
 * was cut off, or sends it again. `holds` is read first, so whoever finds the newest hold in it finds `pausing` too.
 */
const HOLD_UNPAUSED = `
pool_hold() { newest_hold=; if [ -e "$wt/holds" ]; then IFS= read -r newest_hold <"$wt/holds"; fi; }
pool_hold
known_hold=$newest_hold
if [ -e "$wt/pausing" ]; then fail pausing; fi
${HOLD} || fail workspace_busy
pool_hold
if [ "$newest_hold" != "$known_hold" ]; then fail pausing; fi
`;

/**
 * For scripts that change the workspace: one at a time. All that they start has the lock's descriptor, so the lock is free
 * when the last of it is gone, however the script ended. A script ended by a signal leaves `open` as it is, so the next
 * holder cleans up after it.
 */
export const LOCK = `
tab=$'\\t'
${LOCK_KEPT}
[ -d "$wt" ] || mkdir -p "$wt"
${HOLD_UNPAUSED}
recover() {
  if [ -s "$wt/undo/list" ]; then perl -e '${UNDO} undo() or exit 1' || fail disk_full; fi
  ${CLEAR_AWAY}
}
if [ -s "$wt/open" ]; then recover; fi
echo open >"$wt/open"
leave() {
  local state finished=true
  for state in ${UNFINISHED_WORDS}; do if [ -e "$tree/.git/\${state%%:*}" ]; then finished=false; fi; done
  if [ "$finished" = false ]; then if [ -L "$wt/finished" ]; then rm -f "$wt/finished"; fi
  elif [ ! -e "$wt/finished" ] && [ -d "$tree/.git" ]; then ln -s ../repo "$wt/finished"; fi
  if [ ! -s "$wt/undo/list" ]; then : >"$wt/open"; fi
}
trap 'leave; unwatch' EXIT
trap 'trap - EXIT; exit 143' HUP INT TERM
`;

/**
 * `settle`, at the end of a script that has rewritten much of the tree, makes looks at it cheap from a second later on.
 * Of a file that changed in the second in which the index was written git cannot know whether it changed once more, and
 * every look reads all of those, until the index is written again. Written in a later second it holds for every file,
 * and with it what is in each folder (untracked cache). Under the lock, so that no edit falls between the looking and
 * the writing; and not in a second in which a folder changed, but in one of the next ten. In a shell of its own, whose
 * environment never held a credential, and that is not of the call: it goes on when that has ended.
 *
 * Once in a sandbox it finds out whether git can watch the tree by itself, which it does from then on, and whether there is
 * more than one processor to look with.
 */
export const SETTLE = `
settle() {
  # Out of the tree while it waits: an edit takes a process that says WT_LOOK and is in the tree for a look that has begun.
  (cd "$HOME" && unset WT_LOOK ${CALL} && exec /bin/sh -s) >/dev/null 2>&1 9>&- <<'LATER' &
export TZ=UTC0
${LOCK_KEPT}
wt=$HOME/.warmtree
for try in 1 2 3 4 5 6 7 8 9 10; do
cd "$HOME"
sleep 1
${HOLD} || exit
cd repo && [ -d .git ] || exit
# Whose maker died is seen to by the next who holds the lock.
if [ -s "$wt/open" ]; then exit; fi
echo settle >"$wt/open"
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
if [ -z "$changing" ]; then GIT_OPTIONAL_LOCKS=1 git -c core.untrackedCache=true status ${SUBMODULES}; fi
: >"$wt/open"
exec 9>&-
if [ -z "$changing" ]; then break; fi
done
LATER
}
`;
