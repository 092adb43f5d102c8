# Prints the newest commit without a signature. Input: `git rev-list --header`, which is read to its end.
use strict;
local $/ = "\0";
my $found;
while (my $commit = <STDIN>) {
  my ($headers) = split /\n\n/, $commit;
  if ($headers !~ /^gpgsig(?:-sha256)? /m) { $found //= substr $commit, 0, 7 }
}
print $found // "";
