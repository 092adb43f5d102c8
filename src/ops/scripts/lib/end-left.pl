# Perl that ends what is left of a call. A process that becomes another program just now is not seen, so it looks until it
# has found none twice.
sub is_left {
  my ($pid) = @_;
  return 0 if $pid == $$;
  open my $in, "<:raw", "/proc/$pid/environ" or return 0;
  local $/;
  ("\0" . (<$in> // "")) =~ /\0WT_CALL=\Q$ENV{WT_CALL}\E\0/;
}
# git removes its lock files when it is told to end; a process that does not end within half a second is killed. One that is in
# the kernel for half a minute is not waited for: it holds the lock itself.
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
