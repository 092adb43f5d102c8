. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/enter.sh"

enter
section 2
for state in $WT_UNFINISHED; do if [ -e ".git/${state%%:*}" ]; then printf '%s\0' "${state##*:}"; fi; done
section 1
unwatch
exec git "$@"
