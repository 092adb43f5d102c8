# The actions of an edit, in memory. Each gets the step; the state of its path is there already.
our (%now, $max_text);
my %before;
# The path that a patch means: the reading that exists.
sub meant {
  my ($step) = @_;
  my ($path, $other) = @$step{qw(path other)};
  if ($other eq "") { return $path }
  if (is_there($path) && is_there($other)) { cancel("two_readings", $step->{place}, $path, $other) }
  is_there($other) ? $other : $path;
}
# The state of a file, or of a link where a link can be used.
sub existing {
  my ($step, $path, $links) = @_;
  my $state = state_of($path);
  my $kind = $state->{kind};
  my $place = $step->{place} =~ /^patch/ ? $step->{place} : "$step->{place}.path";
  if ($kind eq "absent") { cancel("missing", $place, $path) }
  if ($kind eq "link" && ! $links) { cancel("link", $place, $path, $state->{target}) }
  if ($kind =~ /^(?:folder|special)\z/) { cancel($kind, $place) }
  $state;
}
sub free {
  my ($step, $path, $member) = @_;
  my $place = $step->{place} =~ /^patch/ ? $step->{place} : "$step->{place}.$member";
  my $kind = state_of($path)->{kind};
  if ($kind =~ /^(?:file|link)\z/) { cancel("exists", $place, $path) }
  if ($kind eq "special") { cancel("special", $place) }
  +{ kind => "absent" };
}
# A folder may be where the edit empties it; lib/edit-change.pl finds out.
sub writable {
  my ($step) = @_;
  my $state = state_of($step->{path});
  if ($state->{kind} eq "link") { cancel("link", "$step->{place}.path", $step->{path}, $state->{target}) }
  if ($state->{kind} eq "special") { cancel("special", "$step->{place}.path") }
  $state;
}
# A patch may tell a target as a line.
sub link_to { +{ kind => "link", target => $_[0] =~ s/\n\z//r } }
# A link or a file that a patch leaves at a path.
sub patched {
  my ($step, $path, $state) = @_;
  my $mode = $step->{mode};
  if ($mode eq "120000" && $state->{kind} eq "file") { cancel("no_link", $step->{place}, $path) }
  if ($step->{content} ne "" && $state->{kind} eq "link" && $mode ne "120000") { cancel("link", $step->{place}, $path, $state->{target}) }
  if ($step->{content} ne "") {
    my $text = $state->{kind} eq "absent" ? "" : text_of($state);
    $state = with_text($state, recoded($step, $path, $text, sub { hunked($step->{place}, $path, $_[0], $step->{content}) }));
  } elsif ($state->{kind} eq "absent") { $state = with_text($state, "") }
  if ($mode eq "120000") { return link_to(text_of($state)) }
  with_mode($state, $mode);
}
my %act = (
  write => sub {
    my ($step) = @_;
    my ($path, $state, $text) = ($step->{path}, writable($step), $step->{content});
    my $is_text = $step->{kind} eq "write";
    my $old = $state->{kind} ne "file" ? "" : defined $state->{text} || -s $path <= $max_text ? text_of($state) : undef;
    if (! defined $old) { if ($is_text && encoding_of($path) ne "") { cancel("too_expensive") } }
    elsif ($is_text) { $text = recoded($step, $path, $old, sub { style($path, $_[0], $text, "write") }) }
    elsif (encoding_of($path) eq "") { $text = style($path, $old, $text, "bytes") }
    put($step->{place}, $path, with_mode(with_text($state->{kind} eq "file" ? $state : {kind => "absent"}, $text), $step->{mode}));
  },
  replace => sub {
    my ($step) = @_;
    my ($place, $path) = @$step{qw(place path)};
    my $state = existing($step, $path);
    my $text = recoded($step, $path, text_of($state), sub {
      replaced($place, $path, $_[0], @$step{qw(content replacement)}, $step->{kind} eq "replace_all");
    });
    put($place, $path, with_mode(with_text($state, $text), $step->{mode}));
  },
  mode => sub {
    my ($step) = @_;
    put($step->{place}, $step->{path}, with_mode(existing($step, $step->{path}), $step->{mode}));
  },
  link => sub {
    my ($step) = @_;
    my $kind = state_of($step->{path})->{kind};
    if ($kind eq "special") { cancel("special", "$step->{place}.path") }
    put($step->{place}, $step->{path}, { kind => "link", target => $step->{to} });
  },
  delete => sub {
    my ($step) = @_;
    my $path = meant($step);
    existing($step, $path, 1);
    put($step->{place}, $path, { kind => "absent" });
  },
  move => sub {
    my ($step) = @_;
    my $path = meant($step);
    my $state = existing($step, $path, 1);
    free($step, $step->{to}, "move_to");
    put($step->{place}, $path, { kind => "absent" });
    put($step->{place}, $step->{to}, $step->{place} =~ /^patch/ ? patched($step, $path, $state) : with_mode($state, $step->{mode}));
  },
  create => sub {
    my ($step) = @_;
    my ($path, $other) = @$step{qw(path other)};
    # `+++ b/x` may be a new file in the folder b.
    if ($other ne "" && -d ($other =~ s{/.*}{}r)) { cancel("two_readings", $step->{place}, $path, $other) }
    my $state = free($step, $path);
    my $made = patched({ %$step, mode => "" }, $path, $state);
    put($step->{place}, $path, $step->{mode} eq "120000" ? link_to(text_of($made)) : with_mode($made, $step->{mode}));
  },
  hunks => sub {
    my ($step) = @_;
    my $path = meant($step);
    put($step->{place}, $path, patched($step, $path, existing($step, $path, 1)));
  },
  remove => sub {
    my ($step) = @_;
    my $path = meant($step);
    my $left = patched($step, $path, existing($step, $path, 1));
    if (text_of($left) ne "") { cancel("not_emptied", $step->{place}, $path) }
    put($step->{place}, $path, { kind => "absent" });
  },
  copy => sub {
    my ($step) = @_;
    my $path = $step->{path};
    # git copies a file as it was before the patch.
    my $state = $before{$path} || existing($step, $path, 1);
    free($step, $step->{to});
    put($step->{place}, $step->{to}, patched($step, $path, $state));
  },
);
@act{qw(bytes replace_all)} = @act{qw(write replace)};
sub work_out {
  my @steps = @_;
  my $is_patch;
  for my $step (@steps) {
    my ($kind, $place) = @$step{qw(kind place)};
    next if $kind eq "git";
    if ($place =~ /^patch/ && ! $is_patch++) { %before = %now }
    elsif ($is_patch && ! $before{$step->{path}}) { $before{$step->{path}} = on_disk($step->{path}) }
    $act{$kind}->($step);
  }
}
1;
