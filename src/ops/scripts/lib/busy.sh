# `busy`: whether an operation holds the lock, for the pool's own looks, which never wait. One that settles is not in
# the way: it may stop anywhere and go on after a pause.
busy() {
  [ -s "$wt/open" ] && read -r holder <"$wt/open" && [ "$holder" = open ] || return 1
  if command -v flock >/dev/null 2>&1; then
    ! flock -n "$wt/lock" true
  else
    ! perl -e 'use Fcntl ":flock"; open(my $f, ">>", $ARGV[0]) or exit 0; flock($f, LOCK_EX | LOCK_NB) or exit 1' "$wt/lock"
  fi
}
