# Whether edited files arrive in a push: ignore rules, attributes and submodules. git answers all of it, but starting it
# takes longer than an edit. So it starts only for what lib/edit-rules.pl leaves.
our (%fact, %now, %place, @steps, $wt);
my (%is, %is_known, %is_empty);
sub find_attributes {
  @is_known{@_} = ();
  my @paths = may_be_filtered(@_) or return;
  need_git();
  my @found = git_about(\@paths, qw(check-attr -z --stdin filter working-tree-encoding));
  while (my ($path, $name, $value) = splice @found, 0, 3) {
    $is{$path}{$name} = $value =~ /^(?:unspecified|unset|set)\z/ ? "" : $value;
  }
}
sub is_empty {
  my ($folder) = @_;
  if (! exists $is_empty{$folder}) {
    opendir my $names, $folder or return 0;
    my $name;
    do { $name = readdir $names } while defined $name && $name =~ /^\.\.?\z/;
    $is_empty{$folder} = ! defined $name;
  }
  $is_empty{$folder};
}
# A path that is in a submodule, and the submodule: a folder that .gitmodules names, or that is empty, as git leaves it.
sub in_submodule {
  my @paths = @_;
  my @named = map { s/^"|"\s*\z//gr } slurp(".gitmodules") =~ /^\s*path\s*=\s*(.*?)\s*$/mg;
  my %folders;
  for my $path (@paths) {
    my @above = (above($path), $path);
    for my $folder (@above) { if (grep { $_ eq $folder } @named) { $folders{$folder} = 1 } }
    my ($nearest) = grep { -d $_ && ! -l $_ } reverse @above;
    if (defined $nearest && is_empty($nearest)) { $folders{$nearest} = 1 }
  }
  return if ! %folders;
  need_git();
  my %modules = map { s/^160000 .*?\t//s ? ($_ => 1) : () } split /\0/, git("/dev/null", qw(ls-files -s -z --), sort keys %folders);
  for my $path (@paths) {
    my ($module) = grep { $modules{$_} } above($path), $path;
    if (defined $module) { return ($path, $module) }
  }
}
# Finds out what is known of the paths before they change.
sub find_fates {
  my %at;
  for my $step (@_) {
    my $is_file = $step->{place} !~ /^patch/;
    $at{$step->{path}} ||= $is_file ? "$step->{place}.path" : $step->{place};
    if ($step->{other} ne "") { $at{$step->{other}} ||= $step->{place} }
    if ($step->{kind} =~ /^(?:move|copy)\z/) { $at{$step->{to}} ||= $is_file ? "$step->{place}.move_to" : $step->{place} }
  }
  delete $at{""};
  my @paths = sort keys %at;
  for my $path (@paths) { require_reachable($at{$path}, $path) }
  my ($path, $module) = in_submodule(@paths);
  if (defined $module) { cancel("in_submodule", $at{$path}, $module) }
  find_attributes(@paths);
}
my $pointer = qr{\Aversion https://git-lfs\.github\.com/spec/v1\noid sha256:[0-9a-f]{64}\nsize \d+\n\z};
# Ends an edit that writes files for Git LFS. The Worker can upload those whose whole content the edit has: section 3 has
# their paths.
sub leave_to_lfs {
  my @paths = @_;
  my (%whole, %part);
  for my $step (@steps) {
    if ($step->{kind} =~ /^(?:write|bytes)\z/) { $whole{$step->{path}} = 1 }
    elsif ($step->{kind} ne "mode") { @part{@$step{qw(path other to)}} = (1) x 3 }
  }
  my ($part) = grep { ! $whole{$_} || $part{$_} || ($place{$_} || "patch") =~ /^patch/ } @paths;
  my $first = defined $part ? $part : $paths[0];
  my $place = $place{$first} || "patch";
  my $at = $place =~ /^patch/ ? $place : "$place.path";
  if (defined $part) { cancel("lfs_part", $at, $part) }
  # A server of its own; git-lfs would look for the objects there.
  if (slurp(".lfsconfig") =~ /^[^#;\n]*\b(?:lfs)?(?:push)?url\s*=/mi) { cancel("lfs_elsewhere", $at, $first) }
  section(3);
  print map { "$_\0" } @paths;
  my $more = @paths > 20 ? " and " . (@paths - 20) . " more" : "";
  cancel("lfs", $at, join(", ", map { "'$_'" } grep { defined } @paths[0 .. 19]) . $more);
}
# After the change, because it may have changed the rules as well.
sub tell_arrival {
  my (@paths, @stored) = @_;
  my $has_rules = grep { m{(?:^|/)\.gitattributes\z} } keys %now, @paths;
  my @unknown = $has_rules ? @paths : grep { ! exists $is_known{$_} } @paths;
  if (@unknown) { find_attributes(@unknown) }
  for my $path (@paths) {
    my $filter = $is{$path}{filter} || "";
    next if $filter eq "" || -l $path || ! -s $path;
    if ($filter ne "lfs") { $fact{$path}{filter} = $filter }
    elsif (-s $path > 1024 || slurp($path) !~ $pointer) { push @stored, $path }
  }
  if (@stored) { leave_to_lfs(@stored) }
  my @asked = may_be_ignored(@paths) or return;
  need_git();
  # It takes pathspecs, but no literal ones; `./` keeps them from being magic.
  local $ENV{GIT_LITERAL_PATHSPECS} = 0;
  my @found = git_about([map { "./$_" } @asked], qw(check-ignore -v -z --stdin));
  while (my ($file, $line, $rule, $path) = splice @found, 0, 4) {
    if ($rule !~ /^!/) { $fact{$path =~ s{^\./}{}r}{ignored_by} = "$file:$line:$rule" }
  }
}
sub tell_facts {
  for my $path (map { $_->[1] } @_) {
    my $facts = $fact{$path} || {};
    for my $name (sort grep { $facts->{$_} ne "" } keys %$facts) { print "$path\0$name\0$facts->{$name}\0" }
  }
}
# For the answer of the next push, as git check-ignore takes them.
sub remember_ignored {
  my @ignored = grep { ($fact{$_}{ignored_by} || "") ne "" } map { $_->[1] } @_;
  return if ! @ignored;
  my %known = map { $_ => 1 } (map { "./$_" } @ignored), split /\0/, slurp("$wt/ignored");
  spew("$wt/ignored", join "", map { "$_\0" } sort keys %known);
}
sub encoding_of {
  my $name = $is{$_[0]}{"working-tree-encoding"} || "";
  $name =~ /^utf-?8\z/i ? "" : $name;
}
# recoded STEP, PATH, BYTES, CHANGE: the bytes of a file after a change of its text.
sub recoded {
  my ($step, $path, $bytes, $change) = @_;
  my $name = encoding_of($path);
  if ($name eq "") { return $change->($bytes) }
  require "$ENV{WT_LIB}/edit-encoding.pl";
  my $text = from_encoding($name, $bytes);
  my $new = defined $text ? to_encoding($name, $change->($text), $bytes) : undef;
  defined $new ? $new : cancel("encoding", $step->{place}, $name);
}
1;
