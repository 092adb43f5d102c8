# `fail reason [subject]` ends the script, saying what became of the work. A reason is an error code, `git` (whatever
# git's stderr says), or a word that the operation explains (see failureOf in failure.ts). In a pipe it ends that side
# only; so a batch, which must stop there, is told by a file as well (WT_FAILED).
committed= work=unchanged pushed=false
fail() {
  section 0
  printf '%s\0' "$1" "${2-}" "$committed" "$work" "${asked_s-}" "$pushed"
  if [ -n "${WT_FAILED-}" ]; then : >"$WT_FAILED"; fi
  exit 3
}
