# `signing COMMAND…` runs a command of git's so that git signs each commit and tag that it makes, if this service signs
# (`sign` is the broker's address for it). git runs `.warmtree/sign` (sign.sh), which reads address and lease from
# descriptor 7: a file without a name, written after its name was removed. Where /proc does not exist (macOS), its
# environment holds them.
#
# `prove ID [KIND]` sets `proof`, with which a push shows the broker that ID is signed. Needs net.sh.
signing() {
  if [ -n "$sign" ]; then signing_on "$@"; else "$@"; fi
}
signing_on() (
  write_signer || exit
  n=$GIT_CONFIG_COUNT
  # Hooks and the monitor would get the descriptor, too; a file that the settings include can turn them on.
  for setting in core.hooksPath=/dev/null core.fsmonitor=false gpg.format=ssh user.signingKey=/dev/null \
    "gpg.ssh.program=$wt/sign" commit.gpgSign=true; do
    export "GIT_CONFIG_KEY_$n=${setting%%=*}" "GIT_CONFIG_VALUE_$n=${setting#*=}"
    n=$((n + 1))
  done
  export GIT_CONFIG_COUNT=$n
  request="url = \"$sign\"
header = \"Authorization: $sign_auth\"
"
  if [ -e /proc/self/fd ]; then
    umask 077
    exec 7<>"$wt/tmp.$WT_NONCE" && rm -f "$wt/tmp.$WT_NONCE" || exit
    printf %s "$request" >&7
  else
    export WT_SIGNING="$request"
  fi
  # These ignore commit.gpgSign.
  case "$2 $3" in
    "commit-tree "*) set -- git commit-tree -S "${@:3}" ;;
    "tag -a") set -- git tag -s "${@:4}" ;;
  esac
  "$@"
)
# Others may have changed the program. So it is written anew, unless it has its original content.
write_signer() {
  local signer
  IFS= read -r -d '' signer <<'SIGNER'
. "$WT_LIB/sign.sh"
SIGNER
  signer="#!/bin/sh
$signer"
  if [ -x "$wt/sign" ] && [ ! -L "$wt/sign" ] && holds "$wt/sign" "$signer"; then return; fi
  rm -rf "${wt:?}/sign" && printf %s "$signer" >"$wt/sign" && chmod 700 "$wt/sign"
}
# shellcheck disable=SC2034 # for net.sh
prove() {
  proof=
  if [ -z "$sign" ]; then return; fi
  proof=$(git cat-file "${2:-commit}" "$1" | base64)
  proof=${proof//$'\n'/}
  # More than one setting of git may hold. The broker signs nothing so large.
  if [ "${#proof}" -gt 120000 ]; then proof=; fi
}
# refuse_unsigned ID [TAG]: ends the script if the remote never had ID or a commit below it, and that commit has no
# signature: it was made before this service signed. The broker looks at the last one only. Tags other than TAG are the
# remote's, or this check preceded them.
refuse_unsigned() {
  local unsigned
  if [ -z "$sign" ]; then return; fi
  unsigned=$(
    git rev-list --header "$1" --not --remotes=origin "--exclude=${2-}" --tags --glob=refs/warmtree/had \
      --glob=refs/warmtree/removed --glob=refs/warmtree/cloned -- | perl "$WT_LIB/unsigned.pl"
    exit "${PIPESTATUS[0]}"
  ) || fail git
  if [ -n "$unsigned" ]; then fail unsigned "$unsigned"; fi
}
