/**
 * Pieces that scripts are made of. All are constants: a caller's text reaches a script only as "$1" or environment.
 *
 * Layout in the sandbox: `$HOME/repo` is the working tree; `$HOME/.warmtree` is ours:
 *   lock      held (flock) by the one operation that changes the workspace
 *   open      not empty while a change is under way; found not empty, its maker died and `recover` cleans up
 *   net.git   git dir for commands that talk to the remote: shares objects and refs with the tree, but has its own
 *             config and no hooks, so nothing that was written into the tree's .git can see a credential
 *   undo/     originals of the files an edit is replacing
 *   seed      in a sandbox from a repository snapshot: the clone that a workspace's own is made of (seed.ts)
 *   new       a clone that is not whole yet
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

/** `busy`: whether an operation holds the lock, for the pool's own looks, which never wait. */
export const BUSY = `
busy() {
  [ -e "$wt/lock" ] || return 1
  if command -v flock >/dev/null 2>&1
  then ! flock -n "$wt/lock" true
  else ! perl -e 'use Fcntl ":flock"; open(my $f, ">>", $ARGV[0]) or exit 0; flock($f, LOCK_EX | LOCK_NB) or exit 1' "$wt/lock"
  fi
}
`;

/**
 * Takes the lock, waiting its turn. The lock is on an open file description, so the kernel frees it when the holder
 * dies; git children get the descriptor closed, or a daemon of theirs would hold it on. perl serves where flock(1) is
 * missing (macOS). A script ended by a signal leaves `open` as it is, so the next holder cleans up after it.
 */
export const LOCK = `
tab=$'\\t'
git() { command git "$@" 9>&-; }
[ -d "$wt" ] || mkdir -p "$wt"
exec 9>>"$wt/lock"
if command -v flock >/dev/null 2>&1
then flock -w "$WT_LOCK_WAIT_S" 9 || fail workspace_busy
else perl -e 'use Fcntl ":flock"; open(my $f, ">&=", 9) or exit 1; $SIG{ALRM} = sub { exit 1 }; alarm $ARGV[0]; flock($f, LOCK_EX) or exit 1' "$WT_LOCK_WAIT_S" || fail workspace_busy
fi
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
trap '[ -s "$wt/undo/list" ] || : >"$wt/open"' EXIT
trap 'trap - EXIT; exit 143' HUP INT TERM
`;

/**
 * `net git-arguments…` runs git beside the credential: clean config, no hooks, one protocol, the header only for this
 * very address. The header goes by environment of that one process, never by argv or file.
 */
export const NET = `
auth=\${WT_AUTH-} url=$WT_URL
unset WT_AUTH
net() (
  n=$GIT_CONFIG_COUNT
  export GIT_ALLOW_PROTOCOL="\${url%%:*}" "GIT_CONFIG_KEY_$n=remote.origin.url" "GIT_CONFIG_VALUE_$n=$url"
  n=$((n + 1))
  if [ -n "$auth" ]; then
    export "GIT_CONFIG_KEY_$n=http.$url.extraHeader" "GIT_CONFIG_VALUE_$n=Authorization: $auth"
    n=$((n + 1))
  fi
  export GIT_CONFIG_COUNT=$n
  exec 9>&-
  exec git "$@"
)
netgit() { GIT_DIR=$wt/net.git net "$@"; }
`;
