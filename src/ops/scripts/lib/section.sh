# The first piece of every script. `section N` starts section N of the output. The nonce is random for each call, so no
# file content can fake a mark. Sets `tree`, `wt`, and `auth` and `url` (take-credential.sh).
. "$WT_LIB/take-credential.sh"
. "$WT_LIB/unwatch.sh"

section() { printf '\0%s:%s\n' "$WT_NONCE" "$1"; }
# shellcheck disable=SC2034 # for scripts
tree=$HOME/repo wt=$HOME/.warmtree
