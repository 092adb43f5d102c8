import { NETWORK_SCRIPT } from "./network-script.ts";

/**
 * Perl program that owns the network namespace of one sandbox, and relays connections out of it and into it over
 * sockets in the file system, which belong to no network. The host listens at `$ARGV[0]`, this program at `$ARGV[1]`.
 * Prints `ready open`, or `ready closed` if no connection can get out, then runs until its stdin closes. Each line of
 * stdin is an address and a port of the loopback: it listens there, relays connections as for any address, and prints
 * `ok` or the error.
 *   out: a line `tcp ADDRESS PORT`, then the bytes of the connection; or a line `dns`, then a DNS query until the end,
 *        to which the host sends the response
 *   in:  a line `PORT`; the response is a line `ok`, then the bytes of the connection, or a line `no`
 * Each connection has two processes, one per direction, so that neither side can block the other for ever.
 */
export const RELAY_SCRIPT = String.raw`
use strict;
use Socket qw(:DEFAULT inet_ntoa inet_pton pack_sockaddr_in6 AF_INET6 SO_RCVTIMEO);
my ($host, $door) = @ARGV;
setpgrp;
$SIG{CHLD} = 'IGNORE';
${NETWORK_SCRIPT}
sub copy {
  my ($from, $to) = @_;
  while (sysread $from, my $bytes, 65536) {
    while (length $bytes) {
      my $written = syswrite $to, $bytes or last;
      substr $bytes, 0, $written, '';
    }
  }
  shutdown $to, 1;
}

sub join_both {
  my ($one, $other) = @_;
  # A side that is gone is an error to write to, not an end of this process.
  $SIG{PIPE} = 'IGNORE';
  fork ? copy($one, $other) : copy($other, $one);
  exit;
}

# Small messages both ways must not wait for each other's receipts.
sub hurry { setsockopt $_[0], Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1 }

sub to_host {
  socket my $socket, AF_UNIX, SOCK_STREAM, 0 or exit;
  connect $socket, pack_sockaddr_un $host or exit;
  syswrite $socket, $_[0];
  return $socket;
}

sub out {
  my ($program, $place) = @_;
  hurry($program);
  join_both($program, to_host("tcp $place\n"));
}

sub wanted {
  my ($program) = @_;
  # SO_ORIGINAL_DST
  my $wanted = getsockopt $program, 0, 80 or exit;
  my $place = substr $wanted, 0, 16;
  my ($port, $address) = unpack_sockaddr_in $place;
  return inet_ntoa($address) . " $port";
}

# The loopback's own ports need no rule of the kernel.
sub offer {
  my ($address, $port) = split ' ', $_[0];
  my ($family, $place) = $address =~ /:/
    ? (AF_INET6, pack_sockaddr_in6($port, inet_pton(AF_INET6, $address)))
    : (AF_INET, pack_sockaddr_in($port, inet_aton($address)));
  socket my $socket, $family, SOCK_STREAM, 0 or die "$!\n";
  setsockopt $socket, SOL_SOCKET, SO_REUSEADDR, 1;
  bind $socket, $place or die "$!\n";
  listen $socket, 128 or die "$!\n";
  return $socket;
}

sub question {
  my ($socket, $from, $question) = @_;
  my $host = to_host("dns\n$question");
  shutdown $host, 1;
  my $answer = '';
  1 while sysread $host, $answer, 65536, length $answer;
  send $socket, $answer, 0, $from if length $answer;
  exit;
}

sub into {
  my ($client) = @_;
  my $line = '';
  until ($line =~ /\n/) { sysread $client, $line, 1, length $line or exit }
  chomp $line;
  my @places = (
    [AF_INET, pack_sockaddr_in($line, INADDR_LOOPBACK)],
    [AF_INET6, pack_sockaddr_in6($line, inet_pton(AF_INET6, '::1'))],
    [AF_INET, pack_sockaddr_in($line, $own)],
  );
  for (@places) {
    my ($family, $place) = @$_;
    socket my $program, $family, SOCK_STREAM, 0 or next;
    connect $program, $place or next;
    hurry($program);
    syswrite $client, "ok\n";
    join_both($client, $program);
  }
  syswrite $client, "no\n";
  exit;
}

my ($tcp, $udp) = open_network();
socket my $in, AF_UNIX, SOCK_STREAM, 0 or die "$!\n";
bind $in, pack_sockaddr_un $door or die "$door: $!\n";
listen $in, 128 or die "$!\n";
syswrite STDOUT, 'ready ' . ($tcp ? 'open' : 'closed') . "\n";
my (%offered, $orders);
for (;;) {
  my $ready = '';
  vec($ready, fileno $_, 1) = 1 for grep { $_ } \*STDIN, $in, $tcp, $udp, values %offered;
  select $ready, undef, undef, undef;
  if (vec $ready, 0, 1) {
    sysread STDIN, $orders, 4096, length($orders // '') or last;
    while ($orders =~ s/^(.*)\n//) {
      my $place = $1;
      my $socket = eval { offer($place) };
      $offered{$place} = $socket if $socket;
      syswrite STDOUT, $socket ? "ok\n" : $@;
    }
  }
  for my $place (keys %offered) {
    next unless vec $ready, fileno $offered{$place}, 1;
    accept my $program, $offered{$place};
    fork or out($program, $place);
  }
  if (vec $ready, fileno $in, 1) { accept my $client, $in; fork or into($client) }
  if ($tcp && vec $ready, fileno $tcp, 1) { accept my $program, $tcp; fork or out($program, wanted($program)) }
  if ($udp && vec $ready, fileno $udp, 1) {
    my $from = recv $udp, my $question, 65536, 0;
    fork or question($udp, $from, $question) if defined $from;
  }
}
kill 'KILL', -$$;
`;
