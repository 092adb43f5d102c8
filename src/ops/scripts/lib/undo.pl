# `undo` restores the originals that an unfinished edit has saved. While `undo/list` is not empty, the tree is partly
# edited. The list has pairs of NUL-terminated records: the name of an original in `undo/`, or `absent`, and its path in
# the tree.
use strict;
use Fcntl qw(:flock F_SETFD);
our ($tree, $wt) = ("$ENV{HOME}/repo", "$ENV{HOME}/.warmtree");
our $list = "$wt/undo/list";
sub slurp {
  open my $in, "<:raw", $_[0] or return "";
  local $/;
  my $text = <$in>;
  defined $text ? $text : "";
}
sub spew {
  my ($file, $text) = @_;
  open my $out, ">:raw", $file or return 0;
  print {$out} $text or return 0;
  close $out;
}
# For a file system without hard links.
sub copy {
  my ($from, $to) = @_;
  my ($mode, $read, $written) = (stat $from)[2, 8, 9];
  spew($to, slurp($from)) && chmod($mode & 07777, $to) && utime $read, $written, $to;
}
sub make_parents {
  my ($at, @parts) = ($tree, split m{/}, $_[0]);
  pop @parts;
  for my $part (@parts) { $at .= "/$part"; -d $at or mkdir $at or return 0 }
  1;
}
# Deletes the folders above a deleted path if they are empty.
sub prune {
  my ($path) = @_;
  while ($path =~ s{/[^/]*\z}{}) { rmdir "$tree/$path" or last }
}
# Deletes all paths before it restores any, because a file may have replaced a folder, or a folder a file. Empties the
# list before the originals are deleted: after a cut-off in between, the list must not be followed again.
sub undo {
  my @saved = split /\0/, slurp($list);
  for (my $n = 1; $n < @saved; $n += 2) { unlink "$tree/$saved[$n]"; prune($saved[$n]) }
  for (my $n = 1; $n < @saved; $n += 2) {
    my ($original, $path) = ("$wt/undo/$saved[$n - 1]", $saved[$n]);
    next if $saved[$n - 1] eq "absent";
    make_parents($path) or return 0;
    (-l $original ? symlink(readlink($original), "$tree/$path") : link($original, "$tree/$path") || copy($original, "$tree/$path")) or return 0;
  }
  spew($list, "");
}
# The link to the tree for looks without a shell (IN_FINISHED_TREE). It exists only while no merge or the like is
# unfinished.
sub show_finished {
  if (grep { -e "$tree/.git/" . s/:.*//r } split / /, $ENV{WT_UNFINISHED}) { unlink "$wt/finished" }
  elsif (! -e "$wt/finished" && -d "$tree/.git") { symlink "../repo", "$wt/finished" }
}
