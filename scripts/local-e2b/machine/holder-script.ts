/**
 * The first process of a sandbox's process namespace, in Perl: it starts all others. Node could do that from outside
 * only, with one more program per command to enter the namespace, and each time it would copy its page tables: the
 * more memory it has, the longer every command takes. A Perl, which git brings along nearly everywhere, is small.
 *
 * stdin: requests, each a length (4 bytes, big-endian) and NUL-separated fields. stdout: one line per event.
 *   run ID USER STDIN CWD ARGC ARG… NAME=VALUE…   ->  started ID PID STDIN-FD STDOUT-FD STDERR-FD | failed ID REASON
 *   opened ID        the host has opened the pipe ends (through /proc/PID/fd) that were kept for it
 *   kill PID SIGNAL  to a process group; PID -1 means every process but this one
 *   echo ID          ->  echo ID, when everything before it is done
 *   (no request)                                  ->  exited ID WAIT-STATUS
 * When stdin ends (the host is gone, in whatever way), it exits, and the kernel kills everything in the namespace.
 * Outside of a namespace (HOST-PID "self") it serves as a fast way to start processes, without the rest.
 */
export const HOLDER_SCRIPT = String.raw`
use strict;
use POSIX ();
my ($unshare, $host_pid) = @ARGV;
$host_pid = $$ if $host_pid eq 'self';
my ($input, %kept, %ids, %watches) = ('');
sub report { syswrite STDOUT, join(' ', @_) . "\n" }

sub become {
  my ($user, $in, $out, $err, $cwd, $args) = @_;
  POSIX::setsid();
  POSIX::dup2(fileno $in, 0);
  POSIX::dup2(fileno $out, 1);
  POSIX::dup2(fileno $err, 2);
  if (chdir $cwd) {
    # Root of one more user namespace: id 0 in the sandbox, and no right outside of it.
    unshift @$args, $unshare, '--map-root-user', '--' if $user eq 'root';
    no warnings;
    exec { $args->[0] } @$args;
  }
  my $missing = $! == POSIX::ENOENT();
  syswrite STDERR, "$args->[0]: $!\n";
  POSIX::_exit($missing ? 127 : 126);
}

sub run {
  my ($id, $user, $stdin, $cwd, $argc, @rest) = @_;
  my @args = splice @rest, 0, $argc;
  my ($in, $in_end);
  my $ok = $stdin eq 'open' ? pipe($in, $in_end) : open($in, '<', '/dev/null');
  $ok &&= pipe(my $out_end, my $out) && pipe(my $err_end, my $err);
  # Before the fork: each page that the child writes to is copied for it.
  %ENV = map { split /=/, $_, 2 } @rest;
  my $pid = $ok ? fork : undef;
  return report('failed', $id, $!) if !defined $pid;
  become($user, $in, $out, $err, $cwd, \@args) if $pid == 0;
  # 434 is pidfd_open on every architecture: a descriptor that becomes readable when the process ends.
  my $watch = syscall 434, $pid, 0;
  if ($watch < 0) {
    my $reason = $!;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    return report('failed', $id, $reason);
  }
  $ids{$pid} = $id;
  $watches{$pid} = $watch;
  $kept{$id} = [grep { defined } $in_end, $out_end, $err_end];
  report('started', $id, $pid, $in_end ? fileno $in_end : -1, fileno $out_end, fileno $err_end);
}

sub reap {
  while ((my $pid = waitpid -1, POSIX::WNOHANG()) > 0) {
    my $status = $?;
    # Without an id it is an orphan that fell to the first process.
    my $id = delete $ids{$pid} // next;
    POSIX::close(delete $watches{$pid});
    report('exited', $id, $status);
  }
}

report('ready', $host_pid);
for (;;) {
  my $wanted = '';
  vec($wanted, $_, 1) = 1 for 0, values %watches;
  select my $ready = $wanted, undef, undef, undef;
  reap();
  next if !vec $ready, 0, 1;
  sysread(STDIN, $input, 65536, length $input) or last;
  while (length $input >= 4 && length $input >= 4 + unpack 'N', $input) {
    my ($what, @fields) = split /\0/, substr(substr($input, 0, 4 + unpack('N', $input), ''), 4), -1;
    if ($what eq 'run') { run(@fields) }
    elsif ($what eq 'opened') { delete $kept{$fields[0]} }
    elsif ($what eq 'echo') { report('echo', $fields[0]) }
    elsif ($what eq 'kill') {
      my ($target, $signal) = @fields;
      # A process that was started just now may have no group yet.
      kill($signal, $target) || $ids{-$target} && kill($signal, -$target);
    }
  }
}
# Without a namespace that ends with this process, what it started has to be ended one by one.
kill 'KILL', map { -$_ } keys %ids;
`;
