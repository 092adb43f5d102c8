# Reads contents of git objects, in pieces: a large file does not have to fit into memory.
use strict;
# contents HOW, IDS, EACH: EACH is called with the id and the size of each object, and may return the sub that takes its
# pieces, and undef at the end. HOW is `--batch`, or `--batch-check` for sizes alone.
sub contents {
  my ($how, $ids, $each) = @_;
  my $list = "$ENV{HOME}/.warmtree/tmp.rules";
  open my $file, ">", $list or die "error: $list: $!\n";
  print $file map { "$_\n" } @$ids;
  close $file or die "error: $list: $!\n";
  open STDIN, "<", $list or die "error: $list: $!\n";
  unlink $list;
  open my $git, "-|", "git", "cat-file", $how, "--buffer" or die "error: git: $!\n";
  binmode $git;
  while (defined(my $head = <$git>)) {
    my ($id, $type, $left) = split " ", $head;
    # In a partial clone: it came from the remote.
    if ($type eq "missing") { next }
    my $take = $each->($id, $left);
    if ($how eq "--batch-check") { next }
    while ($left > 0) {
      my $size = read $git, my $piece, $left < 1 << 20 ? $left : 1 << 20 or die "error: git cat-file broke off\n";
      $left -= $size;
      $take->($piece) if $take;
    }
    $take->(undef) if $take;
    read $git, my $end, 1;
  }
  close $git or die "error: git cat-file failed\n";
}
# Which of these texts are in the objects.
sub texts_in {
  my ($ids, @texts) = @_;
  my %found;
  my $any = join "|", map { quotemeta } @texts;
  contents("--batch", $ids, sub {
    my $held = "";
    sub {
      $held .= $_[0] // "";
      while ($held =~ /($any)/g) { $found{$1} = 1 }
      if (length $held > 8192) { $held = substr $held, -8192 }
    };
  });
  %found;
}
1;
