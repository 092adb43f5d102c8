# `limited ARGUMENT…` runs, with limits, a git whose memory and time depend on a caller's pattern or on the size of
# files. The memory limit is on writable memory: packs are mapped, and may be larger.
limited() (
  . "$WT_LIB/limits.sh"
  [ -e /proc/self/fd ] || exec 9>&-
  exec git "$@"
)
