# What each path will be. A state is `absent`, `folder`, `special`, a `link` with its target, or a `file` with its text,
# or with the path of the tree that has it.
our (%now, %place);
# Text that is searched for places; more would take too much memory.
our $max_text = 16 << 20;
our $mode_of = sub { (stat $_[0])[2] & 07777 };
sub above {
  my ($path) = @_;
  my @above;
  while ($path =~ s{/[^/]*\z}{}) { unshift @above, $path }
  @above;
}
sub on_disk {
  my ($path) = @_;
  if (-l $path) { return { kind => "link", target => readlink $path } }
  if (-f $path) { return { kind => "file", from => $path, mode => $mode_of->($path) } }
  +{ kind => -d $path ? "folder" : -e $path ? "special" : "absent" };
}
sub state_of { $now{$_[0]} || on_disk($_[0]) }
sub is_there { state_of($_[0])->{kind} =~ /^(?:file|link)\z/ }
# Every path that an action names passes here before it is used.
sub require_reachable {
  my ($place, @paths) = @_;
  for my $path (@paths) {
    for my $folder (above($path)) { if (-l $folder) { cancel("below_link", $place, $folder, readlink $folder) } }
  }
}
sub put {
  my ($place, $path, $state) = @_;
  $now{$path} = $state;
  $place{$path} = $place;
}
sub text_of {
  my ($state) = @_;
  if ($state->{kind} eq "link") { return $state->{target} }
  if (! defined $state->{text}) {
    if (-s $state->{from} > $max_text) { cancel("too_expensive") }
    $state->{text} = slurp($state->{from});
  }
  $state->{text};
}
# The state with another text; a file that is new gets the usual mode.
sub with_text {
  my ($state, $text) = @_;
  if ($state->{kind} eq "link") { return { kind => "link", target => $text } }
  +{ kind => "file", text => $text, mode => defined $state->{mode} ? $state->{mode} : 0666 & ~umask };
}
sub with_mode {
  my ($state, $mode) = @_;
  if ($state->{kind} ne "file") { return $state }
  my $bits = $state->{mode};
  if ($mode =~ /^(?:\+x|100755)\z/) { $bits |= ($bits & 0444) >> 2 }
  elsif ($mode =~ /^(?:-x|100644)\z/) { $bits &= ~0111 }
  +{ %$state, mode => $bits };
}
sub is_same {
  my ($one, $other) = @_;
  if ($one->{kind} ne $other->{kind}) { return 0 }
  if ($one->{kind} eq "link") { return $one->{target} eq $other->{target} }
  if ($one->{kind} ne "file") { return 1 }
  if (! ($one->{mode} & 0111) != ! ($other->{mode} & 0111)) { return 0 }
  my ($from, $to) = map { defined $_->{text} ? undef : $_->{from} } $one, $other;
  if (defined $from && defined $to && $from eq $to) { return 1 }
  my @sizes = map { defined $_->{text} ? length $_->{text} : -s $_->{from} } $one, $other;
  if ($sizes[0] != $sizes[1]) { return 0 }
  my @texts = map { defined $_->{text} ? $_->{text} : slurp($_->{from}) } $one, $other;
  $texts[0] eq $texts[1];
}
1;
