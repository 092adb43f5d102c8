# Line ends, replacements, and where a text nearly is.
our (%fact, $max_text);
# `crlf` or `lf` if all line ends are that, "" if they are mixed or none.
sub ends_of {
  my ($text) = @_;
  my $all = $text =~ tr/\n//;
  my $crlf = () = $text =~ /\r\n/g;
  $all == 0 ? "" : $crlf == $all ? "crlf" : $crlf == 0 ? "lf" : "";
}
my $mark = "\xef\xbb\xbf";
sub has_mark { substr($_[0], 0, 3) eq $mark }
# style PATH, OLD, TEXT, KIND: the new text of a file, with the line ends and byte-order mark of the old one. A text
# with CRLF of its own is left as it is, and so are bytes; the answer then tells the difference.
sub style {
  my ($path, $old, $text, $kind) = @_;
  my (@kept, @became);
  my ($before, $after) = (ends_of($old), ends_of($text));
  if ($before ne "" && $after ne "" && $before ne $after) {
    if ($kind eq "write" && $before eq "crlf") {
      $text =~ s/\n/\r\n/g;
      push @kept, "crlf";
    } else { push @became, $after }
  }
  if ($old ne "" && $text ne "" && has_mark($old) != has_mark($text)) {
    if ($kind eq "write" && has_mark($old)) {
      $text = "$mark$text";
      push @kept, "bom";
    } else { push @became, has_mark($text) ? "bom" : "no_bom" }
  }
  $fact{$path} = { %{$fact{$path} || {}}, kept => "@kept", became => "@became" };
  $text;
}
sub lines_before { substr($_[0], 0, $_[1]) =~ tr/\n// }
# Start and length of each place, overlapping ones too.
sub places {
  my ($text, $old) = @_;
  my @found;
  for (my $at = index $text, $old; $at >= 0; $at = index $text, $old, $at + 1) { push @found, [$at, length $old] }
  if (@found || $old !~ /\n/) { return @found }
  my $any = join "\\r?\\n", map { s/\r\z//r =~ s/(\W)/\\$1/gr } split /\n/, $old, -1;
  while ($text =~ /(?=($any))/g) { push @found, [$-[1], length $1] }
  @found;
}
# replaced PLACE, PATH, TEXT, OLD, NEW, ALL
sub replaced {
  my ($place, $path, $text, $old, $with, $all) = @_;
  my @found = places($text, $old);
  if (! @found) { cancel("old_missing", "$place.old", "'$path'" . nearest($text, $old)) }
  if (@found > 1 && ! $all) { cancel("old_often", "$place.old", listed($path, map { 1 + lines_before($text, $_->[0]) } @found)) }
  my $ends = ends_of($text);
  # A file of both kinds keeps the kind that it has at this place.
  if ($ends eq "" && $old !~ /\r/) { $ends = ends_of(substr $text, $found[0][0], $found[0][1]) }
  if ($ends eq "crlf") { $with =~ s/\r?\n/\r\n/g }
  elsif ($ends eq "lf") { $with =~ s/\r\n/\n/g }
  my ($done, $at) = ("", 0);
  for my $one (@found) {
    next if $one->[0] < $at;
    $done .= substr($text, $at, $one->[0] - $at) . $with;
    $at = $one->[0] + $one->[1];
  }
  $done . substr $text, $at;
}
sub listed {
  my ($path, @lines) = @_;
  my $count = @lines;
  my $more = $count > 20 ? ", …" : "";
  "'$path' $count times, at lines " . join(", ", @lines[0 .. ($count > 20 ? 19 : $count - 1)]) . $more;
}
# nearest TEXT, OLD: the lines of a text that are most like those that were not found, or "".
sub nearest {
  my ($text, $old) = @_;
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
