import { assemble } from "./scripts/assemble.ts";
import watchPerl from "./scripts/lib/watch.pl" with { type: "text" };
import watchShell from "./scripts/lib/watch.sh" with { type: "text" };

/**
 * Nothing that an operation started outlives it. E2B ends only the process that it started itself, by a deadline or a
 * signal, and what that one had started goes on (docs/decisions/0021-nothing-outlives-its-operation.md). So a process that
 * is forked first waits until the leader is gone, and then ends what is left: all processes that say in their environment
 * that they are of this call. A leader that comes to its end by itself ends the waiting one before.
 */

/** Variable by which the processes of a call are known. A process that is to go on by itself does not have it. */
export const CALL = "WT_CALL";

const SHELL_WATCH = assemble(watchShell);
const PERL_WATCH = assemble(watchPerl, "perl");

/** The script of a process that E2B starts, with its watch. A script that reads its stdin keeps it. */
export function watched(shell: "/bin/sh" | "/bin/bash" | "perl", script: string, takesStdin: boolean): string {
  if (shell === "perl") return PERL_WATCH + script;
  return `${SHELL_WATCH}${takesStdin ? "" : "exec </dev/null\n"}${script}`;
}
