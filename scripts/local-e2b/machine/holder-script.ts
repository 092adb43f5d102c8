/**
 * The first process of a sandbox's process namespace, in Perl: it starts all others. Node could do that from outside
 * only, with one more program per command to enter the namespace, and each time it would copy its page tables: the
 * more memory it has, the longer every command takes. A Perl, which git brings along nearly everywhere, is small.
 *
 * stdin: requests, each a length (4 bytes, big-endian) and NUL-separated fields. stdout: one line per event.
 *   run ID USER STDIN CWD ARGC ARG… NAME=VALUE…   ->  started ID PID STDIN-FD STDOUT-FD STDERR-FD | failed ID REASON
 *   opened ID…       the host has opened the pipe ends (through /proc/PID/fd) that were kept for it
 *   kill PID SIGNAL  to a process group; PID -1 means every process but this one
 *   echo ID          ->  echo ID, when everything before it is done
 *   (no request)                                  ->  exited ID WAIT-STATUS
 * When stdin ends (the host is gone, in whatever way), it exits, and the kernel kills everything in the namespace.
 * Outside of a namespace (HOST-PID "self") it serves as a fast way to start processes, without the rest.
 */
export const HOLDER_SCRIPT = String.raw`
use strict;
my ($unshare, $host_pid) = @ARGV;
$host_pid = $$ if $host_pid eq 'self';
# POSIX would bring these along with four times the memory that all the rest has. They are the same on every Linux.
my ($ENOENT, $WNOHANG, $PIDFD_OPEN) = (2, 1, 434);
# 0, 1 and 2 are what the next process gets. Perl closes all others when a program is executed.
open(my $requests, '<&', *STDIN) && open(my $events, '>&', *STDOUT) && open(my $errors, '>&', *STDERR) or die $!;
open STDIN, '<', '/dev/null' or die $!;
my ($input, %kept, %ids, %watches) = ('');
sub report { syswrite $events, join(' ', @_) . "\n" }

sub run {
  my ($id, $user, $stdin, $cwd, $argc, @rest) = @_;
  my @args = splice @rest, 0, $argc;
  # Root of one more user namespace: id 0 in the sandbox, and no right outside of it.
  unshift @args, $unshare, '--map-root-user', '--' if $user eq 'root';
  # A page that either process writes to between the fork and the program's start is copied. So all that can be done
  # before the fork is, and this process waits for the start.
  %ENV = map { split /=/, $_, 2 } @rest;
  my $stray = chdir $cwd ? undef : $!;
  my ($in, $in_end, $out, $out_end, $err, $err_end, $starting, $started);
  my $ok = $stdin ne 'open' || pipe($in, $in_end) && open(STDIN, '<&', $in);
  $ok &&= pipe($out_end, $out) && open(STDOUT, '>&', $out);
  $ok &&= pipe($err_end, $err) && open(STDERR, '>&', $err);
  $ok &&= pipe($started, $starting);
  my $pid = $ok ? fork : undef;
  my $failure = $!;
  if (defined $pid && $pid == 0) {
    setpgrp;
    no warnings;
    exec { $args[0] } @args if !$stray;
    my $reason = $stray || $!;
    syswrite STDERR, "$args[0]: $reason\n";
    exit($reason == $ENOENT ? 127 : 126);
  }
  if (defined $pid) {
    # The start of a program closes it there.
    close $starting;
    sysread $started, my $nothing, 1;
  }
  # The output ends when its last writer lets go.
  open(STDOUT, '>&', $errors) && open(STDERR, '>&', $errors) or die $!;
  !$in || open STDIN, '<', '/dev/null' or die $!;
  return report('failed', $id, $failure) if !defined $pid;
  # A descriptor that becomes readable when the process ends.
  my $watch = syscall $PIDFD_OPEN, $pid, 0;
  if ($watch < 0) {
    my $reason = $!;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    return report('failed', $id, $reason);
  }
  $ids{$pid} = $id;
  open $watches{$pid}, '<&=', $watch;
  $kept{$id} = [grep { defined } $in_end, $out_end, $err_end];
  report('started', $id, $pid, $in_end ? fileno $in_end : -1, fileno $out_end, fileno $err_end);
}

sub reap {
  while ((my $pid = waitpid -1, $WNOHANG) > 0) {
    my $status = $?;
    # Without an id it is an orphan that fell to the first process.
    my $id = delete $ids{$pid} // next;
    delete $watches{$pid};
    report('exited', $id, $status);
  }
}

report('ready', $host_pid);
for (;;) {
  my $wanted = '';
  vec($wanted, $_, 1) = 1 for map { fileno $_ } $requests, values %watches;
  select my $ready = $wanted, undef, undef, undef;
  reap();
  next if !vec $ready, fileno $requests, 1;
  sysread($requests, $input, 65536, length $input) or last;
  while (length $input >= 4 && length $input >= 4 + unpack 'N', $input) {
    my ($what, @fields) = split /\0/, substr(substr($input, 0, 4 + unpack('N', $input), ''), 4), -1;
    if ($what eq 'run') { run(@fields) }
    elsif ($what eq 'opened') { delete @kept{@fields} }
    elsif ($what eq 'echo') { report('echo', $fields[0]) }
    elsif ($what eq 'kill') {
      my ($target, $signal) = @fields;
      kill $signal, $target;
    }
  }
}
# Without a namespace that ends with this process, what it started has to be ended one by one.
kill 'KILL', map { -$_ } keys %ids;
`;
