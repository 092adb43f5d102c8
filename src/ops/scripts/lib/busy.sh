# `busy` succeeds if an operation holds the lock. The pool's probes call it, because they never wait. `refresh_index`
# does not count: it can stop anywhere and continue after a pause.
busy() {
  [ -s "$wt/open" ] && read -r holder <"$wt/open" && [ "$holder" = open ] || return 1
  if command -v flock >/dev/null 2>&1; then
    ! flock -n "$wt/lock" true
  else
    ! perl -e 'use Fcntl ":flock"; open(my $f, ">>", $ARGV[0]) or exit 0; flock($f, LOCK_EX | LOCK_NB) or exit 1' "$wt/lock"
  fi
}
