import { assemble } from "./scripts/assemble.ts";
import watchPerl from "./scripts/lib/watch.pl" with { type: "text" };
import watchShell from "./scripts/lib/watch.sh" with { type: "text" };

/**
 * No process that an operation started outlives it. At a deadline or a signal, E2B ends only the process that it
 * started itself, and that process's children continue (docs/decisions/0021-nothing-outlives-its-operation.md). So the
 * script first forks a watch, which waits until the leader is gone and then ends all processes that have this call's
 * WT_CALL in their environment. A leader that ends normally ends its watch first.
 */

/** Variable that identifies the processes of a call. A process that must continue after the call does not have it. */
export const CALL = "WT_CALL";

const SHELL_WATCH = assemble(watchShell);
const PERL_WATCH = assemble(watchPerl, "perl");

/** Returns the script of a process that E2B starts, with its watch. Keeps stdin only for a script that reads it. */
export function watched(shell: "/bin/sh" | "/bin/bash" | "perl", script: string, takesStdin: boolean): string {
  if (shell === "perl") return PERL_WATCH + script;
  return `${SHELL_WATCH}${takesStdin ? "" : "exec </dev/null\n"}${script}`;
}
