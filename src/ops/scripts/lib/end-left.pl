# Ends the processes that a call left behind, found by WT_CALL in their environment. A process that is just executing
# another program is not found, so the search repeats until it finds none twice.
sub is_left {
  my ($pid) = @_;
  return 0 if $pid == $$;
  open my $in, "<:raw", "/proc/$pid/environ" or return 0;
  local $/;
  ("\0" . (<$in> // "")) =~ /\0WT_CALL=\Q$ENV{WT_CALL}\E\0/;
}
# SIGTERM first, so that git removes its lock files; SIGKILL after half a second. The search ends after half a minute: a
# process that is stuck in the kernel that long holds the lock itself.
sub end_left {
  my (%signalled, $none);
  for (my $n = 0; $n < 6000; $n++) {
    opendir my $processes, "/proc" or return;
    my @left = grep { is_left($_) } grep { /^\d+\z/ } readdir $processes;
    $none = @left ? 0 : $none + 1;
    return if $none == 2;
    if ($n < 100) { kill "TERM", grep { !$signalled{$_}++ } @left }
    else { kill "KILL", @left }
    select undef, undef, undef, 0.005;
  }
}
