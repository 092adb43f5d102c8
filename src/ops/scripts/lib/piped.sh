# `piped ARGUMENT…` runs git on the left side of a pipe whose reader may stop early (git then dies of SIGPIPE, 141). The
# shell does not see how a left side ends, so a failure bypasses the pipe, on the script's own stdout (descriptor 4). A
# script sets `nothing=1` before a command that exits with 1 when it finds nothing.
. "$WT_LIB/limited.sh"

nothing=0
exec 4>&1
piped() { limited "$@" || case $? in "$nothing" | 141) ;; 137 | 152) fail too_expensive >&4 ;; *) fail git >&4 ;; esac }
