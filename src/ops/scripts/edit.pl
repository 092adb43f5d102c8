# Applies an edit, all or nothing. The payload of ../payload.ts comes as base64 parameters or as an upload. First all
# actions are worked out in memory (lib/edit-states.pl); an action that cannot be done ends the edit there. New contents
# are then written beside the tree. Before a path changes, its original is in undo/ (a hard link) and all paths are in
# undo/list. The changes themselves are renames. An edit that fails or is killed is undone: here, by the next holder of
# the lock, or by a look. Emptying the list makes the edit final.
#
# A look (a read-only operation) sees all of an edit or nothing of it. A look that starts during the edit finds the list
# and waits (lib/enter.sh). For looks that started before, the edit waits: it finds them in /proc.
#
# Symlinks: no parent of a path may be one. A path that is one can be made, moved and deleted, but not written through.
#
# It is one process; a shell would start five for each file. git runs only for paths that an ignore rule, an attribute
# or a submodule may concern (lib/edit-arrival.pl), and for a patch with binary parts.
#
# Section 0: a failure, as in lib/fail.sh; 1: pairs of `added`, `modified` or `deleted` and a path; 2: triples of a
# path, the name of a fact and its value; 3: paths that Git LFS stores, if the edit is refused for them; 4: files that
# it stores, as JSON.
require "$ENV{WT_LIB}/undo.pl";
our ($tree, $wt, $list);
my ($contents_at, $upload, @pieces) = @ARGV;
our ($held, $work) = (0, "unchanged");
our $new = "$wt/tmp.edit";
# A call that is sent again is done once, as in lib/once.sh.
our $receipt = $ENV{WT_ONCE} ? "$wt/once/$ENV{WT_ONCE}" : undef;
binmode STDOUT;
sub section { print "\0$ENV{WT_NONCE}:$_[0]\n" }
sub leave {
  show_finished();
  if (! -s $list) { spew("$wt/open", "") }
}
sub fail {
  my ($reason, $subject) = @_;
  select STDOUT;
  section(0);
  print "$reason\0", defined $subject ? $subject : "", "\0\0$work\0";
  if ($ENV{WT_FAILED}) { spew($ENV{WT_FAILED}, "") }
  if ($held) { leave() }
  exit 3;
}
sub clear_away {
  unlink "$wt/tmp.err", "$wt/tmp.names";
  for my $folder ($new, "$wt/undo") {
    opendir my $names, $folder or next;
    unlink map { "$folder/$_" } readdir $names;
    rmdir $folder;
  }
}
# cancel REASON [PLACE, WORD…]: undoes the edit and ends.
sub cancel {
  my ($reason, @told) = @_;
  if (-s $list && ! undo()) {
    $work = "unknown";
    fail("disk_full");
  }
  clear_away();
  tr/\0//d for @told;
  fail($reason, join "\n", @told);
}
# Ends the edit after a system call failed: disk_full, or unwritable with the system's message.
sub refused {
  my ($place) = @_;
  $!{ENOSPC} || $!{EDQUOT} ? cancel("disk_full") : cancel("unwritable", $place, "$!");
}

sub tell_again {
  my $said = slurp($receipt);
  $said =~ s/\A([^\0]*)\0// or return;
  # \0 would take digits of the nonce.
  $said =~ s/\x{0}\Q$1\E:/\0$ENV{WT_NONCE}:/g;
  print $said;
}
my $output = "";
sub copy_output {
  open my $copy, ">:raw", \$output or refused("");
  select $copy;
}
# While the list is not empty: undoing the edit deletes the receipt (begin_change in lib/edit-change.pl).
sub keep_receipt {
  select STDOUT;
  print $output;
  mkdir "$wt/once";
  spew("$wt/tmp.once", "$ENV{WT_NONCE}\0$output") && rename("$wt/tmp.once", $receipt) or refused("");
  # One call in sixteen deletes the old ones.
  if ($ENV{WT_ONCE} !~ /^0/) { return }
  opendir my $names, "$wt/once" or return;
  for my $name (readdir $names) { if (-f "$wt/once/$name" && -M _ > 2) { unlink "$wt/once/$name" } }
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
if (defined $receipt && -e $receipt) {
  if ($upload ne "") { unlink "$wt/$upload" }
  tell_again();
  leave();
  exit;
}
spew("$wt/open", "open\n") or fail("disk_full");
chdir($tree) && -e ".git" or fail("not_cloned");

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
our @steps;
while ((my $kind = field()) ne "end") {
  push @steps, { kind => $kind, map { $_ => field() } qw(path place to other mode content replacement) };
}
for my $step (@steps) {
  for my $part (@$step{qw(content replacement)}) {
    ($part, $contents_at) = (substr($payload, $contents_at, $part), $contents_at + $part);
  }
}
undef $payload;
my ($stored) = map { $_->{content} } grep { $_->{kind} eq "lfs" } @steps;
@steps = grep { $_->{kind} ne "lfs" } @steps;

require "$ENV{WT_LIB}/edit-states.pl";
require "$ENV{WT_LIB}/edit-style.pl";
require "$ENV{WT_LIB}/edit-rules.pl";
require "$ENV{WT_LIB}/edit-arrival.pl";
require "$ENV{WT_LIB}/edit-actions.pl";
require "$ENV{WT_LIB}/edit-change.pl";

# Most edits need none of these, and compiling them takes as long as a start of git.
sub need_git {
  require "$ENV{WT_LIB}/edit-git.pl";
}
sub need_places {
  require "$ENV{WT_LIB}/edit-text.pl";
  require "$ENV{WT_LIB}/edit-hunks.pl";
}
if (grep { $_->{kind} eq "git" } @steps) { need_git() }
if (grep { $_->{kind} =~ /^replace/ || $_->{place} =~ /^patch\./ } @steps) { need_places() }

# The search for places is the part that may take long.
$SIG{ALRM} = sub { cancel("too_expensive") };
alarm $ENV{WT_GIT_CPU_S};
find_fates(@steps);
work_out(@steps);
alarm 0;
mkdir "$wt/undo";
mkdir $new or refused("");
carry_out();
for my $step (grep { $_->{kind} eq "git" } @steps) { git_patch($step->{content}) }
my @changes = changes();
tell_arrival(map { $_->[1] } grep { $_->[0] ne "deleted" } @changes);
if (defined $receipt) { copy_output() }
section(1);
for my $change (@changes) { print map { "$_\0" } @$change }
section(2);
tell_facts(@changes);
if (defined $stored) {
  section(4);
  print $stored;
}
remember_ignored(@changes);
if (defined $receipt) { keep_receipt() }
spew($list, "");
clear_away();
leave();
