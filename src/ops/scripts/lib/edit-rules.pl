# Compares rules of git loosely with paths: whatever git finds, these comparisons find too.
# A pattern of .gitignore or .gitattributes as text of a regular expression that matches at least the same paths.
sub loose {
  my ($folder, $pattern) = @_;
  $pattern =~ s/\s+\z//;
  $pattern =~ s{/+\z}{};
  my $under = $folder eq "" ? "" : quotemeta "$folder/";
  my $begin = $pattern =~ m{/} ? "^$under" : "^$under(?:.*/)?";
  $pattern =~ s{^/}{};
  my ($regex, $stars) = ("", 0);
  while ($pattern =~ m{\G(?:\\(.)|(\*\*/)|(\*+)|(\?)|(.))}gs) {
    if (defined $1) { $regex .= quotemeta $1 }
    elsif (defined $2 || defined $3) {
      # More would make the comparison slow.
      if (++$stars > 2) { last }
      $regex .= defined $2 ? "(?:.*/)?" : ".*";
    } elsif (defined $4) { $regex .= "." }
    elsif ($5 eq "[" || $5 eq "\\") { $stars = 3; last }
    else { $regex .= quotemeta $5 }
  }
  "$begin$regex" . ($stars > 2 ? "" : "(?:/|\\z)");
}
# rules_for NAME, OWN, PATH…: files of rules that apply to these paths, each with its folder.
sub rules_for {
  my ($name, $own, @paths) = @_;
  my %folders = map { $_ => 1 } "", map { above($_) } @paths;
  grep { $_->[2] ne "" } (["", $own, slurp($own)], map {
    my $file = $_ eq "" ? $name : "$_/$name";
    [$_, $file, -l $file ? "" : slurp($file)];
  } sort keys %folders);
}
sub concerned {
  my ($patterns, @paths) = @_;
  if (! @$patterns) { return () }
  my $any = join "|", @$patterns;
  grep { /$any/is } @paths;
}
sub may_be_ignored {
  my @patterns;
  for my $rule (rules_for(".gitignore", ".git/info/exclude", @_)) {
    push @patterns, map { loose($rule->[0], $_) } grep { /\S/ && ! /^[#!]/ } split /\r?\n/, $rule->[2];
  }
  concerned(\@patterns, @_);
}
sub may_be_filtered {
  my (@patterns, %macros);
  my @rules = rules_for(".gitattributes", ".git/info/attributes", @_);
  my $matters = qr/\b(?:filter|working-tree-encoding)\b/;
  for (map { split /\n/, $_->[2] } @rules) { if (/^\s*\[attr\](\S+).*$matters/) { $macros{$1} = 1 } }
  for my $rule (@rules) {
    for (split /\r?\n/, $rule->[2]) {
      my ($pattern, $rest) = /^\s*("(?:[^"\\]|\\.)*"|[^\s#"]\S*)\s+(.*)/ or next;
      next if $pattern =~ /^\[attr\]/ || ! ($rest =~ $matters || grep { $macros{s/^[-!]|=.*//gr} } split ' ', $rest);
      push @patterns, $pattern =~ /^"/ ? "^" : loose($rule->[0], $pattern);
    }
  }
  concerned(\@patterns, @_);
}
1;
