# Line ends and byte-order marks.
our %fact;
# `crlf` or `lf` if all line ends are that, "" if they are mixed or none.
sub ends_of {
  my ($text) = @_;
  my $all = $text =~ tr/\n//;
  my $crlf = () = $text =~ /\r\n/g;
  $all == 0 ? "" : $crlf == $all ? "crlf" : $crlf == 0 ? "lf" : "";
}
my $mark = "\xef\xbb\xbf";
sub has_mark { substr($_[0], 0, 3) eq $mark }
# style PATH, OLD, TEXT, KIND: the new text of a file, with the line ends and byte-order mark of the old one. A text
# with CRLF of its own is left as it is, and so are bytes; the answer then tells the difference.
sub style {
  my ($path, $old, $text, $kind) = @_;
  my (@kept, @became);
  my ($before, $after) = (ends_of($old), ends_of($text));
  if ($before ne "" && $after ne "" && $before ne $after) {
    if ($kind eq "write" && $before eq "crlf") {
      $text =~ s/\n/\r\n/g;
      push @kept, "crlf";
    } else { push @became, $after }
  }
  if ($old eq "") { return $text }
  if ($text ne "" && has_mark($old) != has_mark($text)) {
    if ($kind eq "write" && has_mark($old)) {
      $text = "$mark$text";
      push @kept, "bom";
    } else { push @became, has_mark($text) ? "bom" : "no_bom" }
  }
  $fact{$path} = { %{$fact{$path} || {}}, kept => "@kept", became => "@became" };
  $text;
}
1;
