# `net ARGUMENT…` runs git with the credential: clean config, no hooks, one protocol, the Authorization header only for
# this URL. Only here may git fetch missing objects of a partial clone on demand. With a broker, git replaces the
# address of the remote by the broker's (`via`) when it connects, and files keep the remote's own.
#
# git reads the header from a config file by its descriptor: a file without a name, written after its name was removed.
# Each git process opens it anew, so a pipe would not work. Where /proc does not exist (macOS), the environment of that
# one git holds the header.
#
# `proof` (signing.sh) is sent along, if there is one.
#
# `netgit ARGUMENT…` does the same in net.git. Another process in the sandbox may have changed net.git. So net.git is
# made anew first, unless it has its original content and nothing else that git reads.
proof=
net() (
  # Replaces the last setting, which includes a file that other processes can write.
  n=$((GIT_CONFIG_COUNT - 1)) at=${via:-$url}
  set_config() {
    export "GIT_CONFIG_KEY_$n=$1" "GIT_CONFIG_VALUE_$n=$2"
    n=$((n + 1))
  }
  export GIT_NO_LAZY_FETCH=0 GIT_ALLOW_PROTOCOL="${at%%:*}"
  set_config remote.origin.url "$url"
  if [ -n "$via" ]; then set_config "url.$via.insteadOf" "$url"; fi
  if [ -n "$auth" ] && [ -e /proc/self/fd ]; then
    umask 077
    exec 6<>"$wt/tmp.$WT_NONCE" && rm -f "$wt/tmp.$WT_NONCE" || exit
    printf '[http "%s"]\n\textraHeader = "Authorization: %s"\n' "$at" "$auth" >&6
    export GIT_CONFIG_GLOBAL=/proc/self/fd/6
  elif [ -n "$auth" ]; then
    set_config "http.$at.extraHeader" "Authorization: $auth"
  fi
  if [ -n "$proof" ]; then
    set_config "http.$at.extraHeader" "Warmtree-Signed: $proof"
    # With HTTP/2, libcurl sends no more than 64 KiB of headers.
    set_config http.version HTTP/1.1
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
# speaks_git: whether the remote answers in git's protocol. git takes a web page for an empty repository (dumb
# protocol), but traces packets only of a git host. Sets `is_sha256`.
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
# The tree's config decides only the object format. While a clone is being made, its config is in `new`.
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
      # Files that git itself writes. They may be plain files only, and none of them refers to another place.
      HEAD | config | FETCH_HEAD | *.lock | shallow_*) if [ -L "$entry" ] || ! [ -f "$entry" ]; then return 1; fi ;;
      *) return 1 ;;
    esac
  done
  holds "$wt/net.git/config" "$net_config" && holds "$wt/net.git/HEAD" "$net_head"
}
# The config is written last, so that an unfinished net.git is made anew.
make_net_git() {
  choose_net_config
  if is_net_git; then return; fi
  rm -rf "${wt:?}/net.git" && mkdir "$wt/net.git" &&
    ln -s ../../repo/.git/objects ../../repo/.git/refs ../../repo/.git/packed-refs ../../repo/.git/shallow "$wt/net.git" || return
  printf %s "$net_head" >"$wt/net.git/HEAD"
  printf %s "$net_config" >"$wt/net.git/config"
}
