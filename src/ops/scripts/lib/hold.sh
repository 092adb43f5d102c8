# `hold` takes the lock on descriptor 9; it waits for it WT_LOCK_WAIT_S seconds at most. The lock belongs to an open
# file description, so the kernel frees it when the holder dies. Where flock(1) is missing (macOS), perl takes its
# place.
hold() {
  exec 9>>"$wt/lock"
  if command -v flock >/dev/null 2>&1; then
    flock -w "$WT_LOCK_WAIT_S" 9
  else
    perl -e 'use Fcntl ":flock"; open(my $f, ">&=", 9) or exit 1; $SIG{ALRM} = sub { exit 1 }; alarm $ARGV[0]; flock($f, LOCK_EX) or exit 1' "$WT_LOCK_WAIT_S"
  fi
}
