/**
 * Perl program that reads and writes extended attributes, which Node cannot. `@ARGV` is the prefix of the attribute
 * names, then the numbers of the system calls llistxattr, lgetxattr, listxattr, setxattr and removexattr. A line of
 * stdin is a request; its response is a line of stdout, in the same order. Names, values and paths are in hexadecimal.
 * The program ends with its stdin.
 *   get PATH…              ->  NAME=VALUE,NAME=VALUE… of each path, separated by spaces; `-` if a path has none
 *   set PATH NAME=VALUE…   ->  ok | failed REASON; replaces all attributes of the file that have the prefix
 */
export const ATTRIBUTE_SCRIPT = String.raw`
use strict;
my ($prefix, $llist, $lget, $list, $set, $remove) = @ARGV;
my $room = 65536;
$| = 1;

sub names {
  my ($call, $path) = @_;
  my $names = "\0" x $room;
  my $length = syscall $call + 0, $path, $names, $room;
  return if $length < 0;
  return map { substr $_, length $prefix } grep { 0 == index $_, $prefix } split /\0/, substr $names, 0, $length;
}

sub value {
  my ($path, $name) = @_;
  my $value = "\0" x $room;
  my $length = syscall $lget + 0, $path, $name, $value, $room;
  return $length < 0 ? undef : substr $value, 0, $length;
}

sub attributes {
  my ($path) = @_;
  my @found;
  for my $name (names($llist, $path)) {
    my $value = value($path, "$prefix$name");
    push @found, unpack('H*', $name) . '=' . unpack('H*', $value) if defined $value;
  }
  return @found ? join ',', @found : '-';
}

sub replace {
  my ($path, %new) = @_;
  for my $name (grep { !exists $new{$_} } names($list, $path)) {
    my $full = "$prefix$name";
    return "failed $!" if 0 > syscall $remove + 0, $path, $full;
  }
  for my $name (keys %new) {
    my ($full, $value) = ("$prefix$name", $new{$name});
    return "failed $!" if 0 > syscall $set + 0, $path, $full, $value, length $value, 0;
  }
  return 'ok';
}

print "ready\n";
while (my $line = <STDIN>) {
  my ($what, @fields) = split ' ', $line;
  if ($what eq 'get') { print join(' ', map { attributes(pack 'H*', $_) } @fields), "\n" }
  else {
    my ($path, @pairs) = @fields;
    print replace(pack('H*', $path), map { pack 'H*', $_ } map { split /=/, $_, 2 } @pairs), "\n";
  }
}
`;
