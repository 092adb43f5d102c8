# A git for a program that is no shell: WT_IN and WT_ERR are files.
. "$WT_LIB/limits.sh"
exec git "$@" <"$WT_IN" 2>"$WT_ERR"
