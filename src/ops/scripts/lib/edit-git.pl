# `git IN ARGUMENT…` runs git with limits and returns its output; `succeeded` ends the edit if it failed.
our ($new, $wt);
sub git {
  my ($in, @arguments) = @_;
  local ($ENV{WT_IN}, $ENV{WT_ERR}) = ($in, "$wt/tmp.err");
  defined &watch and watch();
  open my $out, "-|", "/bin/sh", "$ENV{WT_LIB}/limited-git.sh", @arguments or cancel("internal");
  local $/;
  my $text = <$out>;
  close $out;
  defined $text ? $text : "";
}
sub succeeded {
  return if $? == 0;
  if ($? & 127 || $? >> 8 == 137 || $? >> 8 == 152) { cancel("too_expensive") }
  my $said = slurp("$wt/tmp.err");
  $said =~ /invalid path \x27/ ? cancel("outside") : cancel("patch_failed", substr $said, 0, 1000);
}
# git_about NAMES, ARGUMENT…: runs git with these names on stdin. Returns the fields of its output.
sub git_about {
  my ($names, @arguments) = @_;
  spew("$wt/tmp.names", join "", map { "$_\0" } @$names) or refused("");
  my @fields = split /\0/, git("$wt/tmp.names", @arguments);
  # 1: git has found nothing.
  if ($? != 0 && $? >> 8 != 1) {
    print STDERR slurp("$wt/tmp.err");
    cancel("git");
  }
  unlink "$wt/tmp.names", "$wt/tmp.err";
  @fields;
}
sub names_in {
  my @names = git("/dev/null", qw(apply --whitespace=nowarn --numstat -z), @_);
  succeeded();
  map { (split /\t/, $_, 3)[2] } split /\0/, $names[0];
}
# A patch with binary parts. git apply does not check the source name of a copy. So each name is first added to an
# index, which accepts only names that git allows in a tree. Then `git apply --check`, which follows no symlink, runs
# before any name is used.
sub git_patch {
  my $file = "$new/patch";
  spew($file, $_[0]) or refused("patch");
  my $zeros = "0" x (slurp(".git/config") =~ /objectformat\s*=\s*sha256/i ? 64 : 40);
  my @names = names_in("-R", $file);
  spew("$new/names", join "", map { "0 $zeros\t$_\0" } @names) or refused("");
  {
    local $ENV{GIT_INDEX_FILE} = "$new/index";
    git("$new/names", qw(update-index -z --index-info));
    if ($? || -s "$wt/tmp.err") { cancel("outside") }
  }
  push @names, names_in("--check", $file);
  for my $name (@names) { save($name) }
  begin_change();
  git("/dev/null", qw(apply --whitespace=nowarn), $file);
  succeeded();
  unlink "$wt/tmp.err";
}
1;
