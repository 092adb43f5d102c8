# `limited git-arguments…` runs a git whose memory and time a caller's pattern or the size of files decides. The limit is
# on what a process writes to: packs are mapped, and may be larger.
limited() (
  . "$WT_LIB/limits.sh"
  [ -e /proc/self/fd ] || exec 9>&-
  exec git "$@"
)
