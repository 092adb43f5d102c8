# `net git-arguments…` runs git beside the credential: clean config, no hooks, one protocol, the header only for this
# very address. Here, and here only, git may fetch what a partial clone lacks when it comes upon it.
#
# git reads the header from the config file that its descriptor leads to: a file without a name, written after its name
# was removed. Each process of git opens it anew, so a pipe would not do. Where descriptors have no such names (macOS) the
# header goes by environment of that one git.
#
# `netgit` does the same in net.git. A process in the sandbox may have changed that: unless it holds what it was made
# with, and nothing else that git reads, it is made anew first.
net() (
  # In the place of the last setting, which names a file that others can write.
  n=$((GIT_CONFIG_COUNT - 1))
  set_config() {
    export "GIT_CONFIG_KEY_$n=$1" "GIT_CONFIG_VALUE_$n=$2"
    n=$((n + 1))
  }
  export GIT_NO_LAZY_FETCH=0 GIT_ALLOW_PROTOCOL="${url%%:*}"
  set_config remote.origin.url "$url"
  if [ -n "$auth" ] && [ -e /proc/self/fd ]; then
    umask 077
    exec 6<>"$wt/tmp.$WT_NONCE" && rm -f "$wt/tmp.$WT_NONCE" || exit
    printf '[http "%s"]\n\textraHeader = "Authorization: %s"\n' "$url" "$auth" >&6
    export GIT_CONFIG_GLOBAL=/proc/self/fd/6
  elif [ -n "$auth" ]; then
    set_config "http.$url.extraHeader" "Authorization: $auth"
  fi
  if [ -e "$wt/partial" ]; then
    IFS= read -r filter <"$wt/partial"
    set_config remote.origin.promisor true
    set_config remote.origin.partialCloneFilter "$filter"
  fi
  export GIT_CONFIG_COUNT=$n
  [ -e /proc/self/fd ] || exec 9>&-
  exec git "$@"
)
# Of a page git believes that it is an empty repository (the dumb protocol); of what speaks git it hears packets. Sets is_sha256.
speaks_git() {
  rm -f "$wt/tmp.packets"
  GIT_TRACE_PACKET="$wt/tmp.packets" net ls-remote -- "$url" HEAD >/dev/null 2>&1
  is_sha256=
  # shellcheck disable=SC2034 # for scripts
  if grep -q 'object-format=sha256' "$wt/tmp.packets" 2>/dev/null; then is_sha256=true; fi
  [ -s "$wt/tmp.packets" ] && rm -f "$wt/tmp.packets"
}
netgit() {
  make_net_git || return
  net --git-dir="$wt/net.git" "$@"
}
holds() {
  local content= line
  while IFS= read -r line; do content=$content$line'
'; done <"$1"
  [ "$content" = "$2" ]
}
net_head='ref: refs/heads/none
'
# The tree's config has a say in which of the two it is, and in nothing else. While a clone is made, it is there.
choose_net_config() {
  local line= in=$wt/new/.git/config
  [ -e "$in" ] || in=$tree/.git/config
  net_config='[core]
	repositoryformatversion = 0
	bare = true
[remote "origin"]
	fetch = +refs/heads/*:refs/remotes/origin/*
'
  while IFS= read -r line; do
    case $line in *[oO]bject[fF]ormat\ =\ sha256*) net_config='[core]
	repositoryformatversion = 1
	bare = true
[extensions]
	objectFormat = sha256
[remote "origin"]
	fetch = +refs/heads/*:refs/remotes/origin/*
' ;; esac
  done <"$in"
}
is_net_git() {
  local entry
  if [ -L "$wt/net.git" ] || ! [ -e "$wt/net.git/config" ]; then return 1; fi
  for entry in "$wt"/net.git/* "$wt"/net.git/.[!.]* "$wt"/net.git/..?*; do
    if ! [ -e "$entry" ] && ! [ -L "$entry" ]; then continue; fi
    case ${entry##*/} in
      objects | refs | packed-refs | shallow) ;;
      # Of what git itself writes, only these may be there: nothing in them leads anywhere.
      HEAD | config | FETCH_HEAD | *.lock | shallow_*) if [ -L "$entry" ] || ! [ -f "$entry" ]; then return 1; fi ;;
      *) return 1 ;;
    esac
  done
  holds "$wt/net.git/config" "$net_config" && holds "$wt/net.git/HEAD" "$net_head"
}
# Its config is written last.
make_net_git() {
  choose_net_config
  if is_net_git; then return; fi
  rm -rf "${wt:?}/net.git" && mkdir "$wt/net.git" &&
    ln -s ../../repo/.git/objects ../../repo/.git/refs ../../repo/.git/packed-refs ../../repo/.git/shallow "$wt/net.git" || return
  printf %s "$net_head" >"$wt/net.git/HEAD"
  printf %s "$net_config" >"$wt/net.git/config"
}
