# Carries out in the tree what was worked out in memory.
our (%now, %place, %saved, @saved, $new, $list, $receipt, $tree, $wt, $mode_of);
# Path of the tree without symlinks; undefined if there is no /proc.
my $real = readlink "/proc/$$/cwd";
# Saves the originals first, then their list, and only then starts the change.
sub save {
  my ($path) = @_;
  return if $saved{$path};
  my $kind = "absent";
  if (-l $path) {
    $kind = @saved + 1;
    symlink readlink $path, "$wt/undo/$kind" or refused("");
  } elsif (-f $path) {
    $kind = @saved + 1;
    link($path, "$wt/undo/$kind") || copy($path, "$wt/undo/$kind") or refused("");
  }
  $saved{$path} = $kind;
  push @saved, $path;
}
sub is_look {
  my ($pid) = @_;
  return 0 if $pid == $$ || (readlink("/proc/$pid/cwd") || "") ne $real;
  slurp("/proc/$pid/environ") =~ /(?:^|\0)WT_(?:LOOK|NONCE)=/;
}
sub looks {
  defined $real && opendir my $processes, "/proc" or return ();
  grep { is_look($_) } grep { /^\d+\z/ } readdir $processes;
}
sub begin_change {
  unlink "$wt/finished";
  # A path comes before those below it: an undo first removes a link that has taken the place of a folder.
  my @to_undo = map { "$saved{$_}\0$_\0" } sort @saved;
  # An edit that is undone has no receipt. It is listed as a path that was absent.
  if (defined $receipt) { push @to_undo, "absent\0../.warmtree/once/$ENV{WT_ONCE}\0" }
  spew($list, join "", @to_undo) or refused("");
  # Looks take milliseconds. The number of tries bounds the wait for a look that hangs.
  for (my $tries = 0; $tries < 5000 && looks(); $tries++) { select undef, undef, undef, 0.001 }
}
sub in_the_way {
  my ($place, $path) = @_;
  my $at = $place =~ /^patch/ ? $place : "$place.path";
  for my $folder (above($path)) {
    if (-l $folder) { cancel("below_link", $at, $folder, readlink $folder) }
    if (-e $folder && ! -d $folder) { cancel("under_file", $at) }
  }
  if (-d $path && ! -l $path) { cancel("folder", $at) }
}
sub carry_out {
  my @paths = sort grep { ! is_same(on_disk($_), $now{$_}) } keys %now;
  return if ! @paths;
  for my $n (0 .. $#paths) {
    my $state = $now{$paths[$n]};
    my $place = $place{$paths[$n]};
    if ($state->{kind} eq "link") { symlink $state->{target}, "$new/$n" or refused($place) }
    next if $state->{kind} ne "file";
    # A copy, because a hard link would share its mode with the saved original.
    defined $state->{text} ? spew("$new/$n", $state->{text}) : copy($state->{from}, "$new/$n") or refused($place);
    chmod $state->{mode}, "$new/$n" or refused($place);
  }
  for my $path (@paths) { save($path) }
  begin_change();
  for my $path (grep { $now{$_}{kind} eq "absent" } @paths) {
    unlink $path or refused($place{$path});
    prune($path);
  }
  for my $n (grep { $now{$paths[$_]}{kind} ne "absent" } 0 .. $#paths) {
    my $path = $paths[$n];
    in_the_way($place{$path}, $path);
    make_parents($path) && rename "$new/$n", $path or refused($place{$path});
  }
}
sub is_original {
  my ($kind, $path) = @_;
  my $original = "$wt/undo/$kind";
  if (-l $path || -l $original) { return -l $path && -l $original && readlink $path eq readlink $original }
  if (join(":", (stat $path)[0, 1]) eq join(":", (stat $original)[0, 1])) { return 1 }
  (-s $path) == (-s $original) && ! ($mode_of->($path) & 0111) == ! ($mode_of->($original) & 0111) && slurp($path) eq slurp($original);
}
# Pairs of what happened and a path.
sub changes {
  my @found;
  for my $path (@saved) {
    my $kind = $saved{$path};
    # A folder may be in the file's place now.
    my $there = -l $path || -e $path && ! -d $path;
    if ($kind eq "absent") { if ($there) { push @found, ["added", $path] } }
    elsif (! $there) { push @found, ["deleted", $path] }
    elsif (! is_original($kind, $path)) { push @found, ["modified", $path] }
  }
  @found;
}
1;
