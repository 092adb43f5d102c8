# Replacements, and where a text nearly is.
my $max_listed = 20;
our $max_lines = 1_000_000;
sub lines_before { substr($_[0], 0, $_[1]) =~ tr/\n// }
sub with_ends { $_[1] eq "crlf" ? $_[0] =~ s/\r?\n/\r\n/gr : $_[1] eq "lf" ? $_[0] =~ s/\r\n/\n/gr : $_[0] }
# finder TEXT, OLD, ENDS: a function from an index to start and length of the next place, which may overlap the last.
# None is within a CRLF. In a file with both line ends, those of the old text do not matter if it is not there as it is.
sub finder {
  my ($text, $old, $ends) = @_;
  $old = with_ends($old, $ends);
  my $exact = sub {
    my $at = index $text, $old, $_[0];
    while ($at > 0 && $old =~ /^\n/ && substr($text, $at - 1, 1) eq "\r") { $at = index $text, $old, $at + 1 }
    $at < 0 ? () : ($at, length $old);
  };
  if ($exact->(0) || $ends ne "" || $old !~ /\n/) { return $exact }
  my $any = join "(?<!\\r)\\r?\\n", map { quotemeta s/\r\z//r } split /\n/, $old, -1;
  sub {
    pos($text) = $_[0];
    $text =~ /$any/g ? ($-[0], $+[0] - $-[0]) : ();
  };
}
# replaced PLACE, PATH, TEXT, OLD, NEW, ALL
sub replaced {
  my ($place, $path, $text, $old, $with, $all) = @_;
  my $ends = ends_of($text);
  my $next = finder($text, $old, $ends);
  my ($at, $length) = $next->(0);
  if (! defined $at) { cancel("old_missing", "$place.old", "'$path'" . nearest($text, $old)) }
  if (! $all) {
    my @lines;
    for (my $found = $at; defined $found && @lines <= $max_listed; ($found) = $next->($found + 1)) {
      push @lines, 1 + lines_before($text, $found);
    }
    if (@lines > 1) { cancel("old_often", "$place.old", listed($path, @lines)) }
  }
  # A file of both kinds keeps the kind that it has at this place.
  if ($ends eq "" && $old !~ /\r/) { $ends = ends_of(substr $text, $at, $length) }
  $with = with_ends($with, $ends);
  my ($done, $from) = ("", 0);
  while (defined $at) {
    $done .= substr($text, $from, $at - $from) . $with;
    $from = $at + $length;
    ($at, $length) = $next->($from);
  }
  $done . substr $text, $from;
}
sub listed {
  my ($path, @lines) = @_;
  my $count = @lines;
  if ($count > $max_listed) { return "'$path' more than $max_listed times, first at lines " . join ", ", @lines[0 .. $max_listed - 1] }
  "'$path' $count times, at lines " . join ", ", @lines;
}
# nearest TEXT, OLD: the lines of a text that are most like those that were not found, or "".
sub nearest {
  my ($text, $old) = @_;
  if (($text =~ tr/\n//) > $max_lines) { return "" }
  my @lines = split /\r?\n/, $text;
  my @old = grep { /\S/ } split /\r?\n/, $old;
  if (! @lines || ! @old) { return $text eq "" ? ", which is empty" : "" }
  my (%equal, %words, @score);
  for (@old) { $equal{trimmed($_)} = 1 }
  for (map { /\w+/g } @old) { $words{$_} = 1 }
  my $span = @old;
  my $first = trimmed($old[0]);
  for my $n (0 .. $#lines) {
    my %seen;
    my @known = grep { $words{$_} && ! $seen{$_}++ } $lines[$n] =~ /\w+/g;
    my @all = $lines[$n] =~ /\w+/g;
    my $line = trimmed($lines[$n]);
    $score[$n] = $line eq "" ? 0 : $equal{$line} ? 4 : @known / (@all + 1);
  }
  my ($sum, $best, $at) = (0, 0, 0);
  for my $n (0 .. $#lines) {
    $sum += $score[$n] - ($n >= $span ? $score[$n - $span] : 0);
    my $begin = $n < $span ? 0 : $n - $span + 1;
    my $total = $sum + ($span > 1 && trimmed($lines[$begin]) eq $first);
    if ($total > $best + 1e-9) { ($best, $at) = ($total, $begin) }
  }
  if ($best < 0.3) { return "" }
  my $last = $at + ($span > 5 ? 4 : $span - 1);
  if ($last > $#lines) { $last = $#lines }
  ". Nearest lines:\n" . join "\n", map { ($_ + 1) . ": " . substr $lines[$_], 0, 160 } $at .. $last;
}
sub trimmed { $_[0] =~ s/^\s+|\s+\z//gr }
1;
