# For a look that finds an edit in its middle: waits until it is over, which takes milliseconds, or, where its process was
# ended, undoes it.
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
