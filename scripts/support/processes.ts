import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Guard } from "../local-e2b/machine/guard.mjs";

/** How long a process gets to end by itself after SIGTERM; then it is killed. */
const GRACE_MS = 5_000;

/** `group`: the process heads its own group (spawned `detached`), and the whole group is ours to end. */
type Scope = "process" | "group";

const scopes = new Map<ChildProcess, Scope>();
process.once("exit", forceKillAll);

/** Undefined while there were no children yet. */
let guard: Guard | undefined;

/** Makes sure that a child does not outlive us, whatever ends us. */
export function endWithParent(child: ChildProcess, scope: Scope = "process"): void {
  const { pid } = child;
  // It could not be started, which its error tells.
  if (pid === undefined) return;
  const target = scope === "group" ? -pid : pid;
  scopes.set(child, scope);
  guard ??= new Guard("KILL", endUnguarded);
  guard.add(target);
  child.once("exit", () => {
    // What is left of a group lost the process that would have ended it.
    if (scope === "group") forceKill(child, scope);
    scopes.delete(child);
    guard?.drop(target);
  });
}

/** Without a guard children could outlive us, so nobody goes on. */
function endUnguarded(): void {
  forceKillAll();
  process.kill(process.pid, "SIGTERM");
}

export function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Sends the signal to a child of endWithParent and waits until it is gone. Fine to call more than once. */
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
    // Nobody is left in the group.
  }
}
