/**
 * Perl program that is the first process of a sandbox's process namespace and forks all others. Node could start them
 * only from outside, with one more program per command to enter the namespace, and would copy its page tables each
 * time: the more memory it has, the longer every command takes. A Perl process is small, and git brings Perl along
 * nearly everywhere.
 *
 * stdin has requests, stdout has events, one per line.
 *   prepare          ->  prepared PID ORDER-FD STDIN-FD STDOUT-FD STDERR-FD | failed REASON
 *                    forks a process that waits for its order; responses come in the order of the requests
 *   opened PID       the host has opened the pipe ends (through /proc/HOST-PID/fd) that were kept for the process
 *   kill PID SIGNAL  signals a process, while it lives; PID -1 means every process but this one
 *   echo ID          ->  echo ID, when all earlier requests are done
 *   (no request)     ->  exited PID WAIT-STATUS
 * Order of a prepared process, on its own pipe: a length (4 bytes, big-endian) and NUL-separated fields
 *   STDIN USER CWD ARGC ARG… NAME=VALUE…
 * A process without an order ends when the pipe closes. When stdin ends (the host is gone, for any reason), the holder
 * exits, and the kernel kills every process in the namespace. Outside of a namespace (HOST-PID "self") the holder is
 * only a fast way to start processes; each then leads a process group, by which its children are found at the end.
 * Inside a namespace they are in the holder's group, as in envd's group on E2B.
 */
export const HOLDER_SCRIPT = String.raw`
use strict;
my ($unshare, $host_pid) = @ARGV;
my $grouped = $host_pid eq 'self';
$host_pid = $$ if $grouped;
# What a process of the sandbox sends to its own group reaches nobody outside, and not this process, which is the first.
setpgrp;
# POSIX would bring these along with four times the memory that all the rest has. They are the same on every Linux.
my ($ENOENT, $WNOHANG, $PIDFD_OPEN) = (2, 1, 434);
# 0, 1 and 2 are what the next process gets. Perl closes all others when a program is executed.
open(my $requests, '<&', *STDIN) && open(my $events, '>&', *STDOUT) && open(my $errors, '>&', *STDERR) or die $!;
open STDIN, '<', '/dev/null' or die $!;
my ($input, %kept, %watches, %groups) = ('');
sub report { syswrite $events, join(' ', @_) . "\n" }

sub prepare {
  my $ok = pipe(my $orders, my $order) && pipe(my $in, my $in_end);
  $ok &&= pipe(my $out_end, my $out) && pipe(my $err_end, my $err);
  my $pid = $ok ? fork : undef;
  return report('failed', $!) if !defined $pid;
  if ($pid == 0) {
    setpgrp if $grouped;
    # Another process's input would not end, and its output not fail, while this one had the other ends of them.
    %kept = ();
    undef $_ for $order, $in_end, $out_end, $err_end;
    open(STDOUT, '>&', $out) && open(STDERR, '>&', $err) or exit 126;
    become($orders, $in);
  }
  # Here as well: whoever is told of the process may send its group a signal.
  setpgrp $pid, $pid if $grouped;
  # A descriptor that becomes readable when the process ends.
  my $watch = syscall $PIDFD_OPEN, $pid, 0;
  if ($watch < 0) {
    my $reason = $!;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    return report('failed', $reason);
  }
  open $watches{$pid}, '<&=', $watch;
  $groups{$pid} = 1 if $grouped;
  $kept{$pid} = [$order, $in_end, $out_end, $err_end];
  report('prepared', $pid, map { fileno $_ } @{$kept{$pid}});
}

# In the new process: takes its order, and does what it says.
sub become {
  my ($orders, $in) = @_;
  my $order = '';
  until (length $order >= 4 && length $order >= 4 + unpack 'N', $order) {
    sysread($orders, $order, 65536, length $order) or exit 126;
  }
  my ($stdin, $user, $cwd, $argc, @rest) = split /\0/, substr($order, 4), -1;
  my @args = splice @rest, 0, $argc;
  # Root of one more user namespace: id 0 in the sandbox, and no right outside of it.
  unshift @args, $unshare, '--map-root-user', '--' if $user eq 'root';
  %ENV = map { split /=/, $_, 2 } @rest;
  no warnings;
  exec { $args[0] } @args if ($stdin ne 'open' || open STDIN, '<&', $in) && chdir $cwd;
  my $reason = $!;
  syswrite STDERR, "$args[0]: $reason\n";
  exit($reason == $ENOENT ? 127 : 126);
}

sub reap {
  while ((my $pid = waitpid -1, $WNOHANG) > 0) {
    my $status = $?;
    # What is not watched is an orphan that fell to the first process.
    delete $watches{$pid} or next;
    delete $kept{$pid};
    # Its group may outlive it.
    delete $groups{$pid} if $grouped && !kill 0, -$pid;
    report('exited', $pid, $status);
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
  while ($input =~ s/^(.*)\n//) {
    my ($what, @fields) = split / /, $1;
    if ($what eq 'prepare') { prepare() }
    elsif ($what eq 'opened') { delete $kept{$fields[0]} }
    elsif ($what eq 'echo') { report('echo', $fields[0]) }
    elsif ($what eq 'kill') { kill $fields[1], $fields[0] if $fields[0] < 0 || $watches{$fields[0]} }
  }
}
# Without a namespace that ends with this process, what it started has to be ended one by one.
kill 'KILL', map { -$_ } keys %groups;
`;
