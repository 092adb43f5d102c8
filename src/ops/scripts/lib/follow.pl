# Pipes a growing file into a command until stdin ends, then deletes the file. Waits for the file to appear. Arguments:
# path, seconds until it gives up, command.
my ($path, $seconds, @command) = @ARGV;
alarm $seconds;
open my $to, "|-", @command or exit 1;
my ($from, $whole);
for (;;) {
  $from or open $from, "<", $path or undef $from;
  if ($from && sysread $from, my $bytes, 65536) { syswrite $to, $bytes; next }
  last if $whole;
  vec(my $stdin = "", 0, 1) = 1;
  $whole = select($stdin, undef, undef, 0.005) > 0;
}
unlink $path;
exit(close $to ? 0 : 1);
