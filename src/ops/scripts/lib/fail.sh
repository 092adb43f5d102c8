# `fail REASON [SUBJECT]` ends the script and prints section 0: reason, subject, commit made, state of the tree, wait
# that the host requests, and whether the remote has the push. REASON is an error code, `git` (see git's stderr), or a
# word that the operation explains (failureOf in ../../output/failure.ts). In a pipe it ends only its own side; the file
# WT_FAILED makes a batch stop.
committed= work=unchanged pushed=false
fail() {
  section 0
  printf '%s\0' "$1" "${2-}" "$committed" "$work" "${asked_s-}" "$pushed"
  if [ -n "${WT_FAILED-}" ]; then : >"$WT_FAILED"; fi
  exit 3
}
