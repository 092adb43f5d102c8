import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** How long a process gets to end by itself after SIGTERM; then it is killed. */
const GRACE_MS = 5_000;

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Makes sure that `child` does not outlive this process. */
export function endWithParent(child: ChildProcess): void {
  running.add(child);
  child.once("exit", () => running.delete(child));
}

export function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Sends the signal and waits until the process is gone. Fine to call more than once. */
export async function stopProcess(child: ChildProcess, signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
  if (child.pid === undefined || hasExited(child)) return;
  const exit = once(child, "exit");
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  await exit;
  clearTimeout(timer);
}
