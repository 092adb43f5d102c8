# For a look that finds an unfinished edit. Waits until the edit ends, which takes milliseconds. If the edit's process
# is gone, undoes the edit.
require "$ENV{WT_LIB}/undo.pl";
open my $lock, ">>", "$wt/lock" or exit 1;
alarm $ENV{WT_LOCK_WAIT_S};
while (-s $list) {
  if (flock $lock, LOCK_EX | LOCK_NB) {
    if (-s $list) { undo() or exit 1 }
    show_finished();
    last;
  }
  select undef, undef, undef, 0.005;
}
