import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Guard } from "../local-e2b/machine/guard.mjs";

/** Time for a process to end after SIGTERM; then it is killed. */
const GRACE_MS = 5_000;

/** `group`: the process leads its own group (spawned `detached`), and the whole group is ended. */
type Scope = "process" | "group";

const scopes = new Map<ChildProcess, Scope>();
process.once("exit", forceKillAll);

/** Undefined before the first child. */
let guard: Guard | undefined;

/** Makes sure that a child ends with this process, however this process ends. */
export function endWithParent(child: ChildProcess, scope: Scope = "process"): void {
  const { pid } = child;
  // The child could not be started; its `error` event says so.
  if (pid === undefined) return;
  const target = scope === "group" ? -pid : pid;
  scopes.set(child, scope);
  guard ??= new Guard("KILL", endUnguarded);
  guard.add(target);
  child.once("exit", () => {
    // The rest of the group has lost the process that would have ended it.
    if (scope === "group") forceKill(child, scope);
    scopes.delete(child);
    guard?.drop(target);
  });
}

/** Ends the children and this process, because children could outlive it without a guard. */
function endUnguarded(): void {
  forceKillAll();
  process.kill(process.pid, "SIGTERM");
}

export function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Sends a signal to a child of endWithParent and waits until it has ended. May be called more than once. */
export async function stopProcess(child: ChildProcess, signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
  if (child.pid === undefined || hasExited(child)) return;
  const exit = once(child, "exit");
  child.kill(signal);
  const timer = setTimeout(() => forceKill(child, scopes.get(child)), GRACE_MS);
  await exit;
  clearTimeout(timer);
}

function forceKillAll(): void {
  for (const [child, scope] of scopes) forceKill(child, scope);
}

function forceKill(child: ChildProcess, scope: Scope = "process"): void {
  if (child.pid === undefined) return;
  if (scope === "process") {
    child.kill("SIGKILL");
    return;
  }
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group has no process left.
  }
}
