# Text of files with working-tree-encoding UTF-16 or UTF-32: git stores it as UTF-8, and callers and patches have UTF-8.
# Returns undef for another encoding, and for bytes that are not of this one.
my $form = qr/^utf-?(16|32)(le|be)?(-bom)?\z/i;
my %letters = ("16le" => "v", "16be" => "n", "32le" => "V", "32be" => "N");
# The order of bytes, and whether they begin with a mark. Without a mark, the name tells; a new file gets a mark if git
# requires one.
sub order_of {
  my ($name, $bytes) = @_;
  my ($bits, $order, $bom) = $name =~ $form or return;
  for my $known ("le", "be") {
    if (index($bytes, pack $letters{"$bits$known"}, 0xfeff) == 0) { return ($bits, $known, 1) }
  }
  ($bits, lc($order || "le"), ! $order || $bom ? 1 : 0);
}
sub from_encoding {
  my ($name, $bytes) = @_;
  my ($bits, $order) = order_of($name, $bytes) or return undef;
  if (length($bytes) % ($bits / 8)) { return undef }
  my @units = unpack $letters{"$bits$order"} . "*", $bytes;
  if (@units && $units[0] == 0xfeff) { shift @units }
  my @points;
  while (@units) {
    my $unit = shift @units;
    if ($unit >= 0xd800 && $unit < 0xdc00 && @units && $units[0] >= 0xdc00 && $units[0] < 0xe000) {
      $unit = 0x10000 + (($unit - 0xd800) << 10) + (shift(@units) - 0xdc00);
    }
    if ($unit >= 0xd800 && $unit < 0xe000 || $unit > 0x10ffff) { return undef }
    push @points, $unit;
  }
  my $text = pack "U*", @points;
  utf8::encode($text);
  $text;
}
# `like` has the order of bytes and the mark that the new bytes get.
sub to_encoding {
  my ($name, $text, $like) = @_;
  my ($bits, $order, $bom) = order_of($name, $like);
  utf8::decode($text) or return undef;
  my @points = map { ord } split //, $text;
  if ($bits == 16) { @points = map { $_ < 0x10000 ? $_ : (0xd800 + ($_ - 0x10000 >> 10), 0xdc00 + ($_ & 0x3ff)) } @points }
  pack $letters{"$bits$order"} . "*", ($bom ? 0xfeff : ()), @points;
}
1;
