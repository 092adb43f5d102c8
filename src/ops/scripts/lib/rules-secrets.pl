# Finds secrets in contents that arrive in pieces. Each pattern is {name, check, regex}; group 1, or else the match, is the secret. A match
# may be as long as the overlap of two pieces.
use strict;
my $overlap = 4096;
# Reads lines of name, check, hint and regex. Where no hint is found, no pattern is tried.
my $hints;
sub secret_patterns {
  my @lines = map { [split /\t/] } split /\n/, $_[0];
  my $any = join "|", map { $_->[2] } @lines;
  $hints = qr/$any/;
  map { my ($name, $check, undef, $regex) = @$_; { name => $name, check => $check, regex => qr/$regex/ } } @lines;
}
# A scanner is called with each piece, and at the end with undef. It calls `found` with the name, the line and the text.
sub scanner {
  my ($patterns, $found) = @_;
  my ($held, $behind, $line) = ("", 0, 1);
  sub {
    my ($piece) = @_;
    $held .= $piece // "";
    # What begins later is seen whole with the next piece.
    my $end = defined $piece ? length($held) - $overlap : length $held;
    if ($end <= $behind) { return }
    if ($held =~ $hints) {
      for my $pattern (@$patterns) {
        pos($held) = $behind;
        while ($held =~ /$pattern->{regex}/g) {
          if ($-[0] >= $end) { last }
          my ($from, $text) = defined $1 ? ($-[1], $1) : ($-[0], $&);
          if (is_likely($pattern->{check}, $text)) { $found->($pattern->{name}, $line + newlines(substr $held, 0, $from), $text) }
        }
      }
    }
    # One character before, for patterns that look behind.
    my $gone = substr $held, 0, $end - 1, "";
    ($line, $behind) = ($line + newlines($gone), 1);
  };
}
sub newlines { $_[0] =~ tr/\n// }
# Placeholders repeat few characters; examples say so.
sub is_likely {
  my ($check, $text) = @_;
  my %characters = map { $_ => 1 } split //, $check eq "key" ? substr $text, -40 : $text;
  if (keys %characters < 10 || $text =~ /EXAMPLE/) { return 0 }
  if ($check eq "mixed") { return $text =~ /[a-z]/ && $text =~ /[A-Z]/ && $text =~ /[0-9]/ }
  # The last six characters of these tokens are the checksum of the thirty before.
  if ($check eq "crc32" && $text =~ /\A[a-z]+_(\w{30})(\w{6})\z/) { return base62(crc32($1)) eq $2 }
  1;
}
sub crc32 {
  my $sum = 0xffffffff;
  for my $byte (unpack "C*", $_[0]) {
    $sum ^= $byte;
    $sum = $sum & 1 ? $sum >> 1 ^ 0xedb88320 : $sum >> 1 for 1 .. 8;
  }
  $sum ^ 0xffffffff;
}
sub base62 {
  my ($number, $text) = ($_[0], "");
  my @digits = (0 .. 9, "A" .. "Z", "a" .. "z");
  for (1 .. 6) {
    $text = $digits[$number % 62] . $text;
    $number = int($number / 62);
  }
  $text;
}
1;
