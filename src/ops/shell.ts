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
 *   git.config  what this sandbox's git can do, found out once
 */

/** `section N` starts section N of the output. The nonce is random for each call, so no file content can fake a mark. */
export const SECTION = `
section() { printf '\\0%s:%s\\n' "$WT_NONCE" "$1"; }
tree=$HOME/repo wt=$HOME/.warmtree
`;

/**
 * `fail reason [subject]` ends the script, saying what became of the work. A reason is an error code, `git` (whatever
 * git's stderr says), or a word that the operation explains (see failureOf in failure.ts). In a pipe it ends that side
 * only; so a batch, which must stop there, is told by a file as well (WT_FAILED).
 */
export const FAIL = `
committed= work=unchanged
fail() {
  section 0; printf '%s\\0%s\\0%s\\0%s\\0' "$1" "\${2-}" "$committed" "$work"
  if [ -n "\${WT_FAILED-}" ]; then : >"$WT_FAILED"; fi
  exit 3
}
`;

/** For scripts that only look: no lock, and a clear answer where there is no clone. */
export const ENTER = `
cd "$tree" 2>/dev/null && [ -e .git ] || fail not_cloned
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

/** Parameters of git started without a shell: in the tree, and nowhere above it. */
export const IN_TREE = ["-C", "repo", "--git-dir=.git"] as const;
/** The same, where nothing is unfinished. */
export const IN_FINISHED_TREE = ["-C", ".warmtree/finished", "--git-dir=.git"] as const;

/** Files in .git that say what is unfinished, in the words of status. */
export const UNFINISHED_FILES =
  "MERGE_HEAD:merge rebase-merge:rebase rebase-apply:rebase CHERRY_PICK_HEAD:cherry_pick REVERT_HEAD:revert BISECT_LOG:bisect";

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
 * For scripts that change the workspace: one at a time. git children get the lock's descriptor closed, or a daemon of
 * theirs would hold it on. A script ended by a signal leaves `open` as it is, so the next holder cleans up after it.
 */
export const LOCK = `
tab=$'\\t'
git() { command git "$@" 9>&-; }
[ -d "$wt" ] || mkdir -p "$wt"
${HOLD_UNPAUSED}
recover() {
  rm -rf "$wt/new" "$wt"/tmp.*
  if [ -d "$tree/.git" ]; then
    rm -f "$tree/.git/index.lock" "$tree/.git/HEAD.lock" "$tree/.git/packed-refs.lock" "$tree/.git/shallow.lock" "$tree/.git/config.lock"
    find "$tree/.git/refs" -name '*.lock' -type f -delete
  fi
  if [ -s "$wt/undo/list" ]; then undo || fail disk_full; fi
  rm -rf "$wt/undo"
}
# Everything goes before anything comes back, as a file may have taken the place of a folder or a folder that of a file.
# The list is emptied before the copies are thrown away: cut off in between, it must not be followed again.
undo() {
  local kind path place
  while IFS= read -r -d '' kind && IFS= read -r -d '' path; do
    rm -f "$tree/$path" 2>/dev/null
    prune "$path"
  done <"$wt/undo/list"
  while IFS= read -r -d '' kind && IFS= read -r -d '' path; do
    if [ "$kind" = absent ]; then continue; fi
    place=$tree/$path
    mkdir -p "\${place%/*}" || return 1
    if [ -L "$wt/undo/$kind" ] || ! ln "$wt/undo/$kind" "$place" 2>/dev/null; then cp -pPR "$wt/undo/$kind" "$place" || return 1; fi
  done <"$wt/undo/list"
  : >"$wt/undo/list"
}
# Folders above a path that is gone go with it when nothing else is in them.
prune() {
  local folder=$1
  while [ "$folder" != "\${folder%/*}" ]; do
    folder=\${folder%/*}
    rmdir "$tree/$folder" 2>/dev/null || break
  done
}
if [ -s "$wt/open" ]; then recover; fi
echo open >"$wt/open"
leave() {
  local state finished=true
  for state in ${UNFINISHED_FILES}; do if [ -e "$tree/.git/\${state%%:*}" ]; then finished=false; fi; done
  if [ "$finished" = false ]; then if [ -L "$wt/finished" ]; then rm -f "$wt/finished"; fi
  elif [ ! -e "$wt/finished" ] && [ -d "$tree/.git" ]; then ln -s ../repo "$wt/finished"; fi
  if [ ! -s "$wt/undo/list" ]; then : >"$wt/open"; fi
}
trap leave EXIT
trap 'trap - EXIT; exit 143' HUP INT TERM
`;

/**
 * `settle`, at the end of a script that has rewritten much of the tree, makes looks at it cheap from a second later on.
 * Of a file that changed in the second in which the index was written git cannot know whether it changed once more, and
 * every look reads all of those, until the index is written again. Written in a later second it holds for every file,
 * and with it what is in each folder (untracked cache). Under the lock, so that no edit falls between the looking and
 * the writing; and not in a second in which a folder changed, but in one of the next ten. In a shell of its own, whose
 * environment never held a credential.
 *
 * Once in a sandbox it finds out whether git can watch the tree by itself, which it does from then on, and whether there is
 * more than one processor to look with.
 */
export const SETTLE = `
settle() {
  /bin/sh -s >/dev/null 2>&1 9>&- <<'LATER' &
export TZ=UTC0
wt=$HOME/.warmtree
for try in 1 2 3 4 5 6 7 8 9 10; do
sleep 1
cd "$HOME/repo" && [ -d .git ] || exit
${HOLD} || exit
# Whose maker died is seen to by the next who holds the lock.
if [ -s "$wt/open" ]; then exit; fi
echo settle >"$wt/open"
if [ ! -e "$wt/git.config" ]; then
  {
    echo '[core]'
    case $(git version --build-options 9>&-) in *'feature: fsmonitor--daemon'*) echo 'fsmonitor = true' ;; esac
    # Threads that look at files in turn take longer than one.
    if [ "$(nproc)" = 1 ]; then echo 'preloadIndex = false'; fi
  } >"$wt/git.config"
fi
# A folder that changed in this second may do so once more and look the same. Git knows until the index is written again.
touch -t "$(date +%Y%m%d%H%M.%S)" "$wt/open"
changing=$(find . -name .git -prune -o -type d -newer "$wt/open" -print | head -n 1)
if [ -z "$changing" ]; then GIT_OPTIONAL_LOCKS=1 git -c core.untrackedCache=true status 9>&-; fi
: >"$wt/open"
exec 9>&-
if [ -z "$changing" ]; then break; fi
done
LATER
}
`;

/**
 * `net git-arguments…` runs git beside the credential: clean config, no hooks, one protocol, the header only for this
 * very address. The header goes by environment of that one process, never by argv or file. Here, and here only, git may
 * fetch what a partial clone lacks when it comes upon it.
 */
export const NET = `
auth=\${WT_AUTH-} url=\${WT_URL-}
unset WT_AUTH
net() (
  # In the place of the last setting, which names a file that others can write.
  n=$((GIT_CONFIG_COUNT - 1))
  export GIT_NO_LAZY_FETCH=0 GIT_ALLOW_PROTOCOL="\${url%%:*}" "GIT_CONFIG_KEY_$n=remote.origin.url" "GIT_CONFIG_VALUE_$n=$url"
  n=$((n + 1))
  if [ -n "$auth" ]; then
    export "GIT_CONFIG_KEY_$n=http.$url.extraHeader" "GIT_CONFIG_VALUE_$n=Authorization: $auth"
    n=$((n + 1))
  fi
  if [ -e "$wt/partial" ]; then
    IFS= read -r filter <"$wt/partial"
    export "GIT_CONFIG_KEY_$n=remote.origin.promisor" "GIT_CONFIG_VALUE_$n=true"
    n=$((n + 1))
    export "GIT_CONFIG_KEY_$n=remote.origin.partialCloneFilter" "GIT_CONFIG_VALUE_$n=$filter"
    n=$((n + 1))
  fi
  export GIT_CONFIG_COUNT=$n
  exec 9>&-
  exec git "$@"
)
netgit() { net --git-dir="$wt/net.git" "$@"; }
# Once for a sandbox; its config is written last.
make_net_git() {
  if [ -s "$wt/net.git/config" ]; then return; fi
  rm -rf "\${wt:?}/net.git" && mkdir "$wt/net.git" &&
    ln -s ../../repo/.git/objects ../../repo/.git/refs ../../repo/.git/packed-refs ../../repo/.git/shallow "$wt/net.git" || return
  printf 'ref: refs/heads/none\\n' >"$wt/net.git/HEAD"
  printf '[core]\\n\\trepositoryformatversion = 0\\n\\tbare = true\\n[remote "origin"]\\n\\tfetch = +refs/heads/*:refs/remotes/origin/*\\n' >"$wt/net.git/config"
}
`;
