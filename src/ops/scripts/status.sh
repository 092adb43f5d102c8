# Section 1: the output of git status, whose parameters are "$@"; section 2: unfinished states, as in WT_UNFINISHED.
. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/enter.sh"

enter
section 2
for state in $WT_UNFINISHED; do if [ -e ".git/${state%%:*}" ]; then printf '%s\0' "${state##*:}"; fi; done
section 1
unwatch
exec git "$@"
