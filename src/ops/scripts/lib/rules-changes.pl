# What a push would bring. Each change is {path, mode, id, old: the ids that it replaces, commit}; the id is undefined of
# a path that goes, and the commit is "" of what is to be committed.
#
# Of a commit with several parents, only what differs from each of them counts: the rest came from there.
use strict;
my $raw = [qw(--raw -z --no-abbrev --no-renames --ignore-submodules=dirty)];
sub lines_of {
  open my $file, "<", $_[0] or return ();
  chomp(my @lines = <$file>);
  @lines;
}
# The commit of HEAD, read from git's files where that is possible: "" before the first commit.
sub head_commit {
  my ($head) = lines_of(".git/HEAD");
  my ($ref) = $head =~ /\Aref: (.+)/ or return $head;
  my ($id) = lines_of(".git/$ref");
  $id ||= (map { /\A([0-9a-f]+) \Q$ref\E\z/ ? $1 : () } lines_of(".git/packed-refs"))[0];
  chomp($id = `git rev-parse -q --verify HEAD`) unless $id;
  $id;
}
# Whether a branch of the remote is this commit, by git's files. If not, git itself is asked.
sub is_tip {
  my ($id) = @_;
  my @folders = ".git/refs/remotes/origin";
  while (defined(my $folder = pop @folders)) {
    opendir my $names, $folder or next;
    for my $path (map { "$folder/$_" } grep { !/\A\.\.?\z/ } readdir $names) {
      if (-d $path) { push @folders, $path }
      elsif (((lines_of($path))[0] // "") eq $id) { return 1 }
    }
  }
  grep { index($_, "$id refs/remotes/origin/") == 0 } lines_of(".git/packed-refs");
}
# Reads the raw format of git, and of each commit that is listed before its changes.
sub read_changes {
  open my $git, "-|", "git", @_ or die "error: git: $!\n";
  local $/ = "\0";
  my ($commit, $told, @changes) = "";
  while (defined(my $word = <$git>)) {
    chomp $word;
    if (defined $told) {
      my ($colons, $facts) = $told =~ /\A(:+)(.*) \S+\z/s or die "error: git $_[0]: $told\n";
      my @facts = split / /, $facts;
      my @modes = splice @facts, 0, 1 + length $colons;
      my $id = real(pop @facts);
      push @changes, { path => $word, mode => $modes[-1], id => $id, old => [grep { real($_) } @facts], commit => $commit };
      undef $told;
    } elsif ($word =~ /\A\n?(:.*)/s) { $told = $1 }
    elsif ($word =~ /\A\n?([0-9a-f]{40,})\z/) { $commit = $1 }
  }
  close $git or die "error: git $_[0] failed\n";
  @changes;
}
sub real { $_[0] =~ /[^0]/ ? $_[0] : undef }
# The changes that are in each list, with all that they replace.
sub in_each {
  my ($first, @others) = @_;
  for my $other (@others) {
    my %there = map { $_->{path} => $_ } @$other;
    $first = [grep { $there{ $_->{path} } } @$first];
    push @{ $_->{old} }, @{ $there{ $_->{path} }{old} } for @$first;
  }
  @$first;
}
# What a commit of the index would change; with files, of these alone.
sub staged_changes {
  my ($parents, @files) = @_;
  in_each(map { [read_changes("diff-index", "--cached", @$raw, $_, "--", @files)] } @$parents);
}
# What the newest commit has beside these files, which amending it keeps.
sub kept_changes {
  my ($parents, @files) = @_;
  my $is_named = sub {
    my ($path) = @_;
    grep { $_ eq "." || $path eq $_ || index($path, "$_/") == 0 } @files;
  };
  grep { !$is_named->($_->{path}) } in_each(map { [read_changes("diff-tree", "-r", @$raw, $_, "HEAD")] } @$parents);
}
# to_commit IS_AMENDED, FILE…: the commits below the one that would be made, and its changes.
sub to_commit {
  my ($is_amended, @files) = @_;
  my @below = $is_amended ? split(/\s/, `git log -1 --no-show-signature --format=%P HEAD`) : grep { $_ } head_commit();
  my @parents = (@below, $is_amended ? () : lines_of(".git/MERGE_HEAD"));
  chomp(@parents = `git hash-object -t tree /dev/null`) unless @parents;
  my @kept = $is_amended && @files ? kept_changes(\@parents, @files) : ();
  (\@below, [staged_changes(\@parents, @files), @kept]);
}
# The changes of commits that only this workspace has, oldest first. Tags are the remote's, or were checked when they
# were made.
sub unsent_changes {
  my @tips = grep { !is_tip($_) } @_ or return ();
  reverse read_changes(
    qw(-c log.showRoot=true log -c --topo-order --no-show-signature --format=%H%x00), @$raw, @tips,
    qw(--not --remotes=origin --tags --glob=refs/warmtree/had --glob=refs/warmtree/removed --glob=refs/warmtree/cloned --)
  );
}
1;
