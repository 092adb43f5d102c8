# Applies an edit, all or nothing. The payload of ../payload.ts comes as base64 parameters or as an upload. Contents are
# written beside the tree first. Before a path changes, its original is in undo/ (a hard link) and all paths are in
# undo/list. The changes themselves are renames. An edit that fails or is killed is undone: here, by the next holder of
# the lock, or by a look. Emptying the list makes the edit final.
#
# A look (a read-only operation) sees all of an edit or nothing of it. A look that starts during the edit finds the list
# and waits (lib/enter.sh). For looks that started before, the edit waits: it finds them in /proc.
#
# Symlinks: no parent may be a symlink, and no path that is written, deleted or moved. git apply has the same rule for
# patches.
#
# It is one process; a shell would start five for each file.
#
# Section 0: a failure, as in lib/fail.sh; 1: pairs of `added`, `modified` or `deleted` and a path.
require "$ENV{WT_LIB}/undo.pl";
our ($tree, $wt, $list);
my ($contents_at, $upload, @pieces) = @ARGV;
my ($held, $work) = (0, "unchanged");
my $new = "$wt/tmp.edit";
binmode STDOUT;
sub section { print "\0$ENV{WT_NONCE}:$_[0]\n" }
sub leave {
  show_finished();
  if (! -s $list) { spew("$wt/open", "") }
}
sub fail {
  my ($reason, $subject) = @_;
  section(0);
  print "$reason\0", defined $subject ? $subject : "", "\0\0$work\0";
  if ($ENV{WT_FAILED}) { spew($ENV{WT_FAILED}, "") }
  if ($held) { leave() }
  exit 3;
}
sub clear_away {
  for my $folder ($new, "$wt/undo") {
    opendir my $names, $folder or next;
    unlink map { "$folder/$_" } readdir $names;
    rmdir $folder;
  }
}
sub cancel {
  if (-s $list && ! undo()) {
    $work = "unknown";
    fail("disk_full");
  }
  clear_away();
  fail(@_);
}
# Ends the edit after a system call failed: disk_full, or unwritable with the system's message.
sub refused {
  my ($place) = @_;
  $!{ENOSPC} || $!{EDQUOT} ? cancel("disk_full") : cancel("unwritable", "$place\n$!");
}

mkdir $wt;
open my $lock, ">>", "$wt/lock" or fail("disk_full");
# git inherits the lock: it is free when the last process that has it ends.
fcntl $lock, F_SETFD, 0;
# The same steps as in lib/lock.sh.
my $known_hold = slurp("$wt/holds");
if (-e "$wt/pausing") { fail("pausing") }
$SIG{ALRM} = sub { fail("workspace_busy") };
alarm $ENV{WT_LOCK_WAIT_S};
flock $lock, LOCK_EX or fail("workspace_busy");
alarm 0;
if (slurp("$wt/holds") ne $known_hold) { fail("pausing") }
$held = 1;
if (-s "$wt/open") {
  if (-s $list && ! undo()) {
    $work = "unknown";
    fail("disk_full");
  }
  defined &watch and watch();
  system "/bin/sh", "$ENV{WT_LIB}/clear-away.sh";
}
spew("$wt/open", "open\n") or fail("disk_full");
chdir($tree) && -e ".git" or fail("not_cloned");
# Path of the tree without symlinks; undefined if there is no /proc.
my $real = readlink "/proc/$$/cwd";

# Base64 differs from uuencoding only in its alphabet and lengths.
sub decoded {
  my ($text, $bytes) = (join("", @_), "");
  $text =~ tr#A-Za-z0-9+/##cd;
  $text =~ tr#A-Za-z0-9+/# -_#;
  while ($text =~ /(.{1,60})/g) { $bytes .= unpack "u", chr(32 + int(length($1) * 3 / 4)) . $1 }
  $bytes;
}
my $payload = $upload eq "" ? decoded(@pieces) : slurp("$wt/$upload");
if ($upload ne "") {
  unlink "$wt/$upload";
  # Uploads whose edit never started.
  opendir my $names, $wt;
  for my $name (grep { /^upload-/ } readdir $names) { if (-M "$wt/$name" > 1 / 24) { unlink "$wt/$name" } }
}
my $at = 0;
sub field {
  my $end = index $payload, "\0", $at;
  $end >= 0 or fail("internal");
  my $text = substr $payload, $at, $end - $at;
  $at = $end + 1;
  $text;
}
my @steps;
while ((my $kind = field()) ne "end") { push @steps, { kind => $kind, path => field(), detail => field(), executable => field() } }

mkdir "$wt/undo";
mkdir $new or refused("");
for my $n (0 .. $#steps) {
  my $step = $steps[$n];
  next unless $step->{kind} =~ /^(?:write|patch)$/;
  spew("$new/$n", substr $payload, $contents_at, $step->{detail}) or refused("$n.path");
  $contents_at += $step->{detail};
}

# Saves the originals first, then their list, and only then starts the change.
my (%saved, @saved);
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
  spew($list, join "", map { "$saved{$_}\0$_\0" } @saved) or refused("");
  # Looks take milliseconds. The number of tries bounds the wait for a look that hangs.
  for (my $tries = 0; $tries < 5000 && looks(); $tries++) { select undef, undef, undef, 0.001 }
}

sub above {
  my ($path) = @_;
  my @above;
  while ($path =~ s{/[^/]*\z}{}) { unshift @above, $path }
  @above;
}
sub check {
  my ($place, $path) = @_;
  for my $folder (above($path)) {
    if (-l $folder) { cancel("symlink", $place) }
    if (-e $folder && ! -d $folder) { cancel("under_file", $place) }
  }
  if (-l $path) { cancel("symlink", $place) }
  if (-d $path) { cancel("folder", $place) }
  if (-e $path && ! -f $path) { cancel("special", $place) }
}
sub with_mode {
  my ($mode, $executable) = @_;
  $executable eq "true" ? $mode | ($mode & 0444) >> 2 : $executable eq "false" ? $mode & ~0111 : $mode;
}
my $mode_of = sub { (stat $_[0])[2] & 07777 };
sub is_same {
  my ($one, $other) = @_;
  (-s $one) == (-s $other) && ! ($mode_of->($one) & 0111) == ! ($mode_of->($other) & 0111) && slurp($one) eq slurp($other);
}
my %act = (
  write => sub {
    my ($n, $path, undef, $executable) = @_;
    my $there = -f $path;
    chmod with_mode($mode_of->($there ? $path : "$new/$n"), $executable), "$new/$n";
    return if $there && is_same("$new/$n", $path);
    make_parents($path) && rename "$new/$n", $path or refused("$n.path");
  },
  delete => sub {
    my ($n, $path) = @_;
    -f $path or cancel("missing", "$n.path");
    unlink $path or refused("$n.path");
    prune($path);
  },
  move => sub {
    my ($n, $path, $to, $executable) = @_;
    -f $path or cancel("missing", "$n.path");
    check("$n.move_to", $to);
    if (-e $to) { cancel("exists", "$n.move_to") }
    make_parents($to) or refused("$n.move_to");
    # A copy, because a hard link would share its mode with the saved original.
    copy($path, "$new/$n") && chmod(with_mode($mode_of->($path), $executable), "$new/$n") && rename("$new/$n", $to) && unlink $path
      or refused("$n.move_to");
    prune($path);
  },
);

# Patches.
sub git {
  my ($in, @arguments) = @_;
  local ($ENV{WT_IN}, $ENV{WT_ERR}) = ($in, "$new/err");
  defined &watch and watch();
  open my $out, "-|", "/bin/sh", "$ENV{WT_LIB}/limited-git.sh", @arguments or fail("internal");
  local $/;
  my $text = <$out>;
  close $out;
  defined $text ? $text : "";
}
sub require_applied {
  return if $? == 0;
  if ($? & 127 || $? >> 8 == 137 || $? >> 8 == 152) { cancel("too_expensive") }
  my $said = slurp("$new/err");
  $said =~ /invalid path \x27/ ? cancel("outside") : cancel("patch_failed", substr $said, 0, 1000);
}
sub names_in {
  my @names = git("/dev/null", qw(apply --whitespace=nowarn --numstat -z), @_);
  require_applied();
  map { (split /\t/, $_, 3)[2] } split /\0/, $names[0];
}
# git apply does not check the source name of a copy. So each name is first added to an index, which accepts only names
# that git allows in a tree. Then `git apply --check`, which follows no symlink, runs before any name is used.
sub patch {
  my ($file) = @_;
  my $zeros = "0" x (slurp(".git/config") =~ /objectformat\s*=\s*sha256/i ? 64 : 40);
  my @names = names_in("-R", $file);
  spew("$new/names", join "", map { "0 $zeros\t$_\0" } @names) or refused("");
  {
    local $ENV{GIT_INDEX_FILE} = "$new/index";
    git("$new/names", qw(update-index -z --index-info));
    if ($? || -s "$new/err") { cancel("outside") }
  }
  push @names, names_in("--check", $file);
  for my $name (@names) { save($name) }
  begin_change();
  git("/dev/null", qw(apply --whitespace=nowarn), $file);
  require_applied();
}

my @files = grep { $_->{kind} ne "patch" } @steps;
for my $n (0 .. $#files) {
  my %named = ("$n.path" => $files[$n]{path}, $files[$n]{kind} eq "move" ? ("$n.move_to" => $files[$n]{detail}) : ());
  for my $place (sort { $b cmp $a } keys %named) {
    if (grep { -l } above($named{$place})) { cancel("symlink", $place) }
    save($named{$place});
  }
}
if (@files) { begin_change() }
for my $n (0 .. $#steps) {
  my ($kind, @how) = @{$steps[$n]}{qw(kind path detail executable)};
  if ($kind eq "patch") { patch("$new/$n"); next }
  check("$n.path", $how[0]);
  $act{$kind}->($n, @how);
}

sub is_original {
  my ($kind, $path) = @_;
  my $original = "$wt/undo/$kind";
  if (-l $path || -l $original) { return -l $path && -l $original && readlink $path eq readlink $original }
  join(":", (stat $path)[0, 1]) eq join(":", (stat $original)[0, 1]) || is_same($path, $original);
}
section(1);
for my $path (@saved) {
  my $kind = $saved{$path};
  # A folder may be in the file's place now.
  my $there = -l $path || -e $path && ! -d $path;
  if ($kind eq "absent") { if ($there) { print "added\0$path\0" } }
  elsif (! $there) { print "deleted\0$path\0" }
  elsif (! is_original($kind, $path)) { print "modified\0$path\0" }
}
spew($list, "");
clear_away();
leave();
