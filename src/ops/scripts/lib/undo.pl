# Perl that knows what an edit in its middle has saved, and puts it back. While `undo/list` is not empty the tree is half
# edited: pairs of NUL-terminated records, the name of an original in `undo/` or `absent`, and its path in the tree.
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
# Where a file system has no links.
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
# Folders above a path that is gone go with it when nothing else is in them.
sub prune {
  my ($path) = @_;
  while ($path =~ s{/[^/]*\z}{}) { rmdir "$tree/$path" or last }
}
# Everything goes before anything comes back, as a file may have taken the place of a folder or a folder that of a file.
# The list is emptied before the originals are thrown away: cut off in between, it must not be followed again.
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
# The way to the tree for looks without a shell (IN_FINISHED_TREE).
sub show_finished {
  if (grep { -e "$tree/.git/" . s/:.*//r } split / /, $ENV{WT_UNFINISHED}) { unlink "$wt/finished" }
  elsif (! -e "$wt/finished" && -d "$tree/.git") { symlink "../repo", "$wt/finished" }
}
