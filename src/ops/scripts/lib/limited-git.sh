# git with limits, for a program that is no shell. WT_IN and WT_ERR name the files for stdin and stderr.
. "$WT_LIB/limits.sh"
exec git "$@" <"$WT_IN" 2>"$WT_ERR"
