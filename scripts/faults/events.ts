import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { until } from "../../test/support/until.ts";
import { hostedSandboxes } from "./sandboxes.ts";
import { REPOSITORY, type Scene } from "./scene.ts";

/** Delay of the git host, long enough that the operation is still running after its first request to the host. */
const SLOW_GIT_MS = 1500;

/** Makes E2B lose the sandbox of the workspace. */
export async function vanish({ stack, sandboxId }: Scene): Promise<void> {
  for (const { sandboxID, metadata } of await hostedSandboxes(stack)) {
    if (metadata["warmtree_sandbox"] === sandboxId) await stack.host.vanish(sandboxID);
  }
}

/** Makes the git host slow. */
export function slowGit({ stack }: Scene): void {
  stack.git.setFaults({ delayMs: SLOW_GIT_MS });
}

/** Resolves as soon as the running operation has sent a request to the git host. */
export function gitAsked({ stack, gitBefore }: Scene): Promise<void> {
  return until("git asks the remote", () => stack.git.counters().requests > gitBefore.requests);
}

/** Resolves as soon as the git host has received the push request. */
export function pushSent({ stack, gitBefore }: Scene): Promise<void> {
  return until("the push is with the remote", () => stack.git.counters().pushes > gitBefore.pushes);
}

/** Kills the Worker's process as in a crash, and starts another on the same storage. */
export async function crashWorker({ stack }: Scene): Promise<void> {
  await stack.crashWorker();
  stack.git.setFaults({});
  await stack.startWorker();
}

/** Installs a hook at the remote that refuses every push. */
export async function refusePushes(scene: Scene): Promise<void> {
  await mkdir(dirname(hookOf(scene)), { recursive: true });
  await writeFile(hookOf(scene), "#!/bin/sh\necho 'no pushes today' >&2\nexit 1\n");
  await chmod(hookOf(scene), 0o755);
}

export async function takePushes(scene: Scene): Promise<void> {
  await rm(hookOf(scene));
}

const hookOf = ({ stack }: Scene) => join(stack.git.root, `${REPOSITORY}.git`, "hooks", "pre-receive");
