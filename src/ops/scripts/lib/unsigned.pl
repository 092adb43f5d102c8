# Prints the newest commit without a signature. Input: `git rev-list --header`.
use strict;
local $/ = "\0";
while (my $commit = <STDIN>) {
  my ($headers) = split /\n\n/, $commit;
  if ($headers !~ /^gpgsig(?:-sha256)? /m) {
    print substr $commit, 0, 7;
    last;
  }
}
