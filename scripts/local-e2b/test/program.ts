import type { Sandbox } from "e2b";

/**
 * Perl HTTP server on 127.0.0.1 that prints its port. Responds with the request; `/stream` sends "one", and "two" after
 * a write to the pipe `go`; a WebSocket handshake makes it send one short frame back.
 */
const SERVER = String.raw`
use strict;
use IO::Socket::INET;
use Digest::SHA 'sha1_base64';
$SIG{CHLD} = 'IGNORE';
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 9) or die;
syswrite STDOUT, $listener->sockport . "\n";
while (my $client = $listener->accept) {
  next if fork;
  $client->autoflush(1);
  my $head = '';
  until ($head =~ /\r\n\r\n/) { sysread($client, $head, 4096, length $head) or exit }
  my ($body) = $head =~ /\r\n\r\n(.*)/s;
  if ($head =~ /^Content-Length: *(\d+)/mi) { sysread($client, $body, 65536, length $body) while length $body < $1 }
  if ($head =~ m{^GET /stream }) {
    print $client "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\none\n";
    open my $go, '<', 'go';
    <$go>;
    print $client "two\n";
  } elsif ($head =~ /^Sec-WebSocket-Key: *(\S+)/mi) {
    my $accept = sha1_base64($1 . '258EAFA5-E914-47DA-95CA-C5AB0DC85B11') . '=';
    print $client "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: $accept\r\n\r\n";
    sysread($client, my $frame, 4096);
    my ($length, $mask, $text) = unpack 'x C a4 a*', $frame;
    print $client pack 'C C a*', 0x81, $length & 127, $text ^ substr($mask x length $text, 0, length $text);
    sysread($client, $frame, 1);
  } else {
    my ($line, $rest) = $head =~ /^(.*?)\r\n(.*?)\r\n\r\n/s;
    my $answer = "$line\n$rest\n\n$body";
    print $client "HTTP/1.1 201 Made\r\nContent-Length: " . length($answer) . "\r\nX-Own: yes\r\n\r\n$answer";
  }
  exit;
}`;

/** Starts the server in a sandbox. @returns its port */
export async function startServer(sandbox: Sandbox): Promise<number> {
  await sandbox.files.write("server.pl", SERVER);
  const said = Promise.withResolvers<string>();
  const server = await sandbox.commands.run("mkfifo go; exec perl server.pl", {
    background: true,
    timeoutMs: 0,
    onStdout: (text) => said.resolve(text),
  });
  const port = Number(await said.promise);
  // Otherwise the SDK would query a sandbox that cuts it off, and wake it.
  await server.disconnect();
  return port;
}
