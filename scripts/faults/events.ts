import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { until } from "../../test/support/until.ts";
import { hostedSandboxes } from "./sandboxes.ts";
import { REPOSITORY, type Scene } from "./scene.ts";

/** So long an operation is under way for sure when the git host has been asked. */
const SLOW_GIT_MS = 1500;

/** E2B loses the sandbox of the workspace. */
export async function vanish({ stack, sandboxId }: Scene): Promise<void> {
  for (const { sandboxID, metadata } of await hostedSandboxes(stack)) {
    if (metadata["warmtree_sandbox"] === sandboxId) await stack.host.vanish(sandboxID);
  }
}

/** The git host takes its time. */
export function slowGit({ stack }: Scene): void {
  stack.git.setFaults({ delayMs: SLOW_GIT_MS });
}

/** Resolves as soon as the operation that is under way has asked the git host. */
export function gitAsked({ stack, gitBefore }: Scene): Promise<void> {
  return until("git asks the remote", () => stack.git.counters().requests > gitBefore.requests);
}

/** Resolves as soon as the commits are on their way to the git host, or there. */
export function pushSent({ stack, gitBefore }: Scene): Promise<void> {
  return until("the push is with the remote", () => stack.git.counters().pushes > gitBefore.pushes);
}

/** The Worker's process ends as in a crash, and another begins on what it has stored. */
export async function crashWorker({ stack }: Scene): Promise<void> {
  await stack.crashWorker();
  stack.git.setFaults({});
  await stack.startWorker();
}

/** The remote's own rule refuses every push. */
export async function refusePushes(scene: Scene): Promise<void> {
  await mkdir(dirname(hookOf(scene)), { recursive: true });
  await writeFile(hookOf(scene), "#!/bin/sh\necho 'no pushes today' >&2\nexit 1\n");
  await chmod(hookOf(scene), 0o755);
}

export async function takePushes(scene: Scene): Promise<void> {
  await rm(hookOf(scene));
}

const hookOf = ({ stack }: Scene) => join(stack.git.root, `${REPOSITORY}.git`, "hooks", "pre-receive");
