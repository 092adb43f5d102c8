/**
 * Perl functions that lead every connection of a fresh network namespace to a port that `open_network` chooses. The
 * namespace has only the loopback. That gets an address of E2B's, for programs to connect from, and a route to all
 * addresses; a rule of nftables then redirects each connection, for any address, to the listener. The functions call
 * the kernel directly, because the tools for this (ip, nft) are often missing.
 */
export const NETWORK_SCRIPT = String.raw`
my $own = inet_aton('169.254.0.21');

# By requests of netdevice(7): SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK, SIOCADDRT.
sub configure {
  socket my $socket, AF_INET, SOCK_DGRAM, 0 or die "$!\n";
  for (@_) {
    my ($number, $argument) = @$_;
    ioctl $socket, $number, $argument or die "$!\n";
  }
}

sub loopback_up {
  my $mask = pack_sockaddr_in 0, inet_aton('255.255.255.255');
  configure(
    [0x8914, pack 'a16 s x22', 'lo', 1],
    [0x8916, pack 'a16 a16 x8', 'lo:0', pack_sockaddr_in 0, $own],
    [0x891c, pack 'a16 a16 x8', 'lo:0', $mask],
  );
}

sub route_up {
  my ($any, $device) = (pack_sockaddr_in(0, INADDR_ANY), "lo\0");
  configure([0x890b, pack 'x8 a16 a16 a16 S x2 x4 x16 x8 P x24', $any, $any, $any, 1, $device]);
}

# Messages of linux/netfilter/nf_tables.h: attributes in attributes, numbers in network order.
sub attribute {
  my ($type, $value) = @_;
  my $length = 4 + length $value;
  return pack('SS', $length, $type) . $value . "\0" x (-$length & 3);
}
sub nested { my $type = shift; return attribute($type | 0x8000, join '', @_) }
sub number { return attribute($_[0], pack 'N', $_[1]) }
sub message {
  my ($type, $flags, $family, $resource, $body) = @_;
  return pack('LSSLLCCn', 20 + length $body, $type, $flags, 1, 0, $family, 0, $resource) . $body;
}
sub expression { my $name = shift; return nested(1, attribute(1, "$name\0"), nested(2, @_)) }
sub compare { my ($how, $value) = @_; return expression('cmp', number(1, 1), number(2, $how), nested(3, attribute(1, $value))) }
sub is { return compare(0, $_[0]) }
sub is_not { return compare(1, $_[0]) }
sub field {
  my ($base, $offset, $length) = @_;
  return expression('payload', number(1, 1), number(2, $base), number(3, $offset), number(4, $length));
}
sub destination { return field(1, 16, $_[0]) }
sub port { return field(2, 2, 2) }
sub protocol { return expression('meta', number(1, 1), number(2, 16)) . is(chr $_[0]) }
sub redirect {
  return expression('immediate', number(1, 1), nested(2, attribute(1, pack 'n', $_[0]))) . expression('redir', number(1, 1));
}

# Connections to other addresses than its own, and questions to any resolver.
sub rules_up {
  my ($tcp_port, $udp_port) = @_;
  my ($table, $chain) = ("sandbox\0", "out\0");
  my @rules = (
    destination(1) . is_not(chr 127) . destination(4) . is_not($own) . protocol(6) . redirect($tcp_port),
    protocol(17) . port() . is(pack 'n', 53) . redirect($udp_port),
  );
  my $hook = nested(4, number(1, 3), number(2, -100));
  my $batch = message(16, 1, 0, 10, '')
    . message(0xa00, 0x405, 2, 0, attribute(1, $table))
    . message(0xa03, 0x405, 2, 0, attribute(1, $table) . attribute(3, $chain) . $hook . attribute(7, "nat\0"));
  $batch .= message(0xa06, 0xc05, 2, 0, attribute(1, $table) . attribute(2, $chain) . nested(4, $_)) for @rules;
  $batch .= message(17, 1, 0, 10, '');
  socket my $kernel, 16, SOCK_RAW, 12 or die "$!\n";
  send $kernel, $batch, 0, pack 'SSLL', 16, 0, 0, 0 or die "$!\n";
  my $confirmed = 0;
  while ($confirmed < 2 + @rules) {
    defined recv $kernel, my $answers, 65536, 0 or die "$!\n";
    while (length $answers >= 20) {
      my ($length, undef, undef, undef, undef, $error) = unpack 'LSSLLl', $answers;
      if ($error) { $! = -$error; die "$!\n" }
      substr $answers, 0, ($length + 3) & ~3, '';
      $confirmed++;
    }
  }
}

# The listeners that everything is led to; none when the kernel does not do it, and then nothing gets out at all.
sub open_network {
  loopback_up();
  my @listeners = map {
    socket my $socket, AF_INET, $_, 0 or die "$!\n";
    bind $socket, pack_sockaddr_in 0, INADDR_LOOPBACK or die "$!\n";
    $socket;
  } SOCK_STREAM, SOCK_DGRAM;
  listen $listeners[0], 128 or die "$!\n";
  eval { rules_up(map { (unpack_sockaddr_in getsockname $_)[0] } @listeners); route_up(); 1 } or return;
  return @listeners;
}
`;
