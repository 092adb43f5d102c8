# Hunks of a patch, as ../../patch/patch-steps.ts writes them.
#
# The place of a hunk is the line that it names, moved as far as the hunk before it was; otherwise the only place after
# that hunk where its old lines are. With several, the first place after its anchors counts, if that is only one. A hunk
# that has no such place ends the edit: a guess could change other lines than the patch means.
our $max_lines;
sub hunks_in {
  my ($text) = @_;
  my @lines = split /\n/, $text, -1;
  my @hunks;
  while (@lines > 1) {
    my ($line, $start, $end, $anchors, $count) = split / /, shift @lines;
    push @hunks, {
      line => $line, start => $start, end => $end eq "end",
      anchors => [splice @lines, 0, $anchors], body => [splice @lines, 0, $count],
    };
  }
  @hunks;
}
# Lines without \n. A last line without it is noted by the caller.
sub lines_in {
  my ($text) = @_;
  if (($text =~ tr/\n//) > $max_lines) { cancel("too_expensive") }
  my @lines = split /\n/, $text, -1;
  if (@lines && $lines[-1] eq "") { pop @lines }
  @lines;
}
# All indexes from FROM on at which the old lines are.
sub indexes_of {
  my ($have, $old, $from) = @_;
  my @found;
  PLACE: for my $at ($from .. @$have - @$old) {
    for my $n (0 .. $#$old) { if ($have->[$at + $n] ne $old->[$n]) { next PLACE } }
    push @found, $at;
  }
  @found;
}
# The indexes that come first after some place of the anchors.
sub after_anchors {
  my ($have, $from, $anchors, @indexes) = @_;
  my @at = ($from);
  for my $n (0 .. $#$anchors) {
    my $anchor = trimmed($anchors->[$n]);
    my @is = grep { trimmed($have->[$_]) eq $anchor } $from .. $#$have;
    if (! @is) { @is = grep { index($have->[$_], $anchor) >= 0 } $from .. $#$have }
    if ($n == 0) { @at = @is }
    else {
      my %next;
      for my $begin (@at) {
        my ($first) = grep { $_ > $begin } @is;
        if (defined $first) { $next{$first} = 1 }
      }
      @at = sort { $a <=> $b } keys %next;
    }
  }
  my %found;
  for my $begin (@at) {
    my ($first) = grep { $_ >= $begin } @indexes;
    if (defined $first) { $found{$first} = 1 }
  }
  sort { $a <=> $b } keys %found;
}
# The index of a hunk, and whether its lines have other line ends than the file's.
sub index_of {
  my ($place, $path, $file, $hunk, $from, $shift) = @_;
  my ($old, $have) = ($hunk->{old}, $file->{lines});
  my $named = $hunk->{start} eq "-" ? undef : $hunk->{start} - 1 + $shift;
  if (! @$old) {
    if (! @$have) { return (0, 0) }
    # `@@ -5,0` is after line 5.
    if (defined $named && $named + 1 >= $from && $named + 1 <= @$have) { return ($named + 1, 0) }
    cancel("hunk_nowhere", $place);
  }
  my @ends = map { [map { s/\r\z//r } @$_] } $old, $have;
  for my $way ([$old, $have, 0], [@ends, 1]) {
    my ($sought, $lines, $loose) = @$way;
    my $fits = sub {
      my ($at) = @_;
      my $is_last = $at + @$old == @$have;
      # A patch that tells of no missing line end may have forgotten it.
      ! ($hunk->{open_old} && ! ($is_last && $file->{open})) && ! ($hunk->{end} && ! $is_last);
    };
    if (defined $named && $named >= $from && $named + @$old <= @$have && $fits->($named)) {
      my $differ = grep { $lines->[$named + $_] ne $sought->[$_] } 0 .. $#$sought;
      if (! $differ) { return ($named, $loose) }
    }
    my @found = grep { $fits->($_) } indexes_of($lines, $sought, $from);
    if (@found > 1 && @{$hunk->{anchors}}) {
      my @after = after_anchors($lines, $from, $hunk->{anchors}, @found);
      if (@after) { @found = @after }
    }
    if (@found > 1) { cancel("hunk_often", $place, listed($path, map { $_ + 1 } @found)) }
    if (@found) { return ($found[0], $loose) }
  }
  cancel("hunk_missing", $place, "'$path'" . ($from ? " after line $from" : "") . nearest($file->{text}, join "\n", @$old));
}
# hunked PLACE, PATH, TEXT, HUNKS: the text after the hunks.
sub hunked {
  my ($patch, $path, $text, $written) = @_;
  my @lines = lines_in($text);
  my $open = $text ne "" && $text !~ /\n\z/;
  my $file = { text => $text, lines => \@lines, open => $open };
  my $ends = ends_of($text);
  my $has_return = $written =~ /\r\n/;
  my (@done, $shift);
  ($shift, my $from) = (0, 0);
  for my $hunk (hunks_in($written)) {
    my $place = "patch.$hunk->{line}";
    my @body = @{$hunk->{body}};
    $hunk->{old} = [map { substr $_, 1 } grep { /^[ -]/ } @body];
    for my $n (1 .. $#body) {
      if ($body[$n] =~ /^\\/ && $body[$n - 1] =~ /^([ -])/) { $hunk->{open_old} = 1 }
      if ($body[$n] =~ /^\\/ && $body[$n - 1] =~ /^[ +]/) { $hunk->{open_new} = 1 }
    }
    my ($at, $loose) = index_of($place, $path, $file, $hunk, $from, $shift);
    if ($hunk->{start} ne "-" && @{$hunk->{old}}) { $shift = $at - $hunk->{start} + 1 }
    push @done, @lines[$from .. $at - 1];
    $from = $at;
    for my $line (@body) {
      my ($sign, $rest) = (substr($line, 0, 1), substr $line, 1);
      if ($sign eq "+") {
        # Added lines get the line ends of the file, unless the patch has both kinds by itself.
        my $like = $loose ? (@done ? $done[-1] : $from < @lines ? $lines[$from] : "") : "";
        my $is_crlf = $ends eq "crlf" && ! $has_return || $loose && ($ends eq "crlf" || $ends eq "" && $like =~ /\r\z/);
        if ($loose || $is_crlf) { $rest =~ s/\r\z// }
        push @done, $is_crlf ? "$rest\r" : $rest;
      } elsif ($sign eq " ") { push @done, $lines[$from++] }
      elsif ($sign eq "-") { $from++ }
    }
    # The last line has a line end if it had one, unless the patch tells.
    if ($from == @lines) {
      if ($hunk->{open_new}) { $open = 1 }
      elsif ($hunk->{open_old}) { $open = 0 }
    }
  }
  push @done, @lines[$from .. $#lines];
  if (! @done) { return "" }
  if ($open) { $done[-1] =~ s/\r\z// if $ends eq "crlf" && $file->{open} }
  my $new = join("\n", @done) . ($open ? "" : "\n");
  if ($ends eq "crlf" && ! $has_return) { $new =~ s/(?<!\r)\n/\r\n/g }
  $new;
}
1;
