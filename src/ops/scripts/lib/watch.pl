# `watch` must run before the program starts its first child. Without a child, nothing can be left of it.
require "$ENV{WT_LIB}/end-left.pl";
my ($leader, $watch) = ($$);
sub watch {
  return if defined $watch || $$ != $leader;
  $watch = fork;
  if (defined $watch && ! $watch) {
    # In the tree, an edit would take this process for a look.
    chdir "/";
    close STDOUT;
    close STDERR;
    sysread STDIN, my $none, 1;
    while (kill 0, $leader) { sleep 1 }
    end_left();
    exit;
  }
}
END { if ($$ == $leader && $watch) { kill "PIPE", $watch } }
