/**
 * Nothing that an operation started outlives it. E2B ends only the process that it started itself, by a deadline or a
 * signal, and what that one had started goes on (docs/decisions/0021-nothing-outlives-its-operation.md). So a process that
 * is forked first waits until the leader is gone, and then ends what is left: all processes that say in their environment
 * that they are of this call. A leader that comes to its end by itself ends the waiting one before.
 */

/** Variable by which the processes of a call are known. What is to go on by itself does not have it. */
export const CALL = "WT_CALL";

/** git removes its lock files when it is told to end; what does not end within this is killed. */
const TERM_MS = 500;
/** One that is in the kernel for so long is not waited for. It holds the lock itself. */
const GIVEN_UP_MS = 30_000;
const STEP_MS = 5;

/**
 * Perl that ends what is left of a call. A process that becomes another program just now is not seen, so it looks until it
 * has found none twice. In a shell's single quotes, so without any of its own.
 */
const END_LEFT = String.raw`
sub is_left {
  my ($pid) = @_;
  return 0 if $pid == $$;
  open my $in, "<:raw", "/proc/$pid/environ" or return 0;
  local $/;
  ("\0" . (<$in> // "")) =~ /\0${CALL}=\Q$ENV{${CALL}}\E\0/;
}
sub end_left {
  my (%told, $none);
  for (my $n = 0; $n < ${GIVEN_UP_MS / STEP_MS}; $n++) {
    opendir my $processes, "/proc" or return;
    my @left = grep { is_left($_) } grep { /^\d+\z/ } readdir $processes;
    $none = @left ? 0 : $none + 1;
    return if $none == 2;
    if ($n < ${TERM_MS / STEP_MS}) { kill "TERM", grep { !$told{$_}++ } @left }
    else { kill "KILL", @left }
    select undef, undef, undef, ${STEP_MS / 1000};
  }
}
`;

/**
 * The leader's stdin is a pipe that whoever started it holds, and closes when the leader is gone. Where it ends earlier, the
 * leader is looked for each second. The watch has no other descriptor: neither the output, whose end the caller waits for,
 * nor the credential.
 */
const SHELL_WATCH = `watched_at=\${EPOCHREALTIME-} watched_at=\${watched_at%.*}\${watched_at#*.}
exec 5<&0
( exec </dev/null >/dev/null 2>&1 6<&-
  read -r none <&5
  exec 5<&-
  while kill -0 $$; do sleep 1; done
  exec perl -e '${END_LEFT} end_left()' ) &
watch=$!
exec 5<&-
trap unwatch EXIT
`;

/** In every script; before a program takes the leader's place, too. */
export const UNWATCH = `
unwatch() { if [ -n "\${watch-}" ]; then kill -PIPE "$watch" 2>/dev/null; fi; }
`;

/** `watch` before a program starts another for the first time: without one, nothing is left of it. */
const PERL_WATCH = String.raw`${END_LEFT}
my ($leader, $watch) = ($$);
sub watch {
  return if defined $watch || $$ != $leader;
  $watch = fork;
  if (defined $watch && ! $watch) {
    # In the tree it would be taken for a look.
    chdir "/";
    close STDOUT;
    close STDERR;
    sysread STDIN, my $none, 1;
    while (kill 0, $leader) { sleep 1 }
    end_left();
    exit;
  }
}
END { if ($$ == $leader && $watch) { kill "PIPE", $watch } }
`;

/** The script of a process that E2B starts. Of one whose stdin is for itself, that stays. */
export function watched(shell: "/bin/sh" | "/bin/bash" | "perl", script: string, takesStdin: boolean): string {
  if (shell === "perl") return PERL_WATCH + script;
  return `${SHELL_WATCH}${takesStdin ? "" : "exec </dev/null\n"}${script}`;
}
