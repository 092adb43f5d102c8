import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRepository } from "../sample-remote/repositories.ts";
import { startGitServer } from "../sample-remote/server.ts";
import type { GitServer } from "../sample-remote/server.ts";
import type { Cleanups } from "../support/cleanups.ts";
import { startStack } from "../harness/stack.ts";
import type { Stack } from "../harness/stack.ts";
import type { VerifyOptions } from "./options.ts";
import { Remote } from "./remote.ts";
import { Scene } from "./scene.ts";
import type { SceneOptions } from "./scene.ts";

const REPOSITORY = "verify";
const CONTENT = { files: 50, commits: 10 };

/** The shortest possible time limit, and a limit of sandboxes that a run almost reaches. */
export const STACK_BINDINGS = { GIT_SANDBOX_TIMEOUT: "10", GIT_SANDBOX_MAX_RETRIES: "0", E2B_MAX_SANDBOXES: "7" };

/** Returns the scene: the service to check, and the remote to which it pushes. */
export async function sceneOf(options: VerifyOptions, cleanups: Cleanups): Promise<Scene> {
  if (options.url === undefined) {
    const stack = await startStack({ bindings: STACK_BINDINGS });
    cleanups.add(() => stack.close());
    return sceneOfStack(stack, cleanups);
  }
  const { url, key, gitToken, operatorKey, metricsKey } = options;
  const own = options.repo === undefined ? await sampleRemote(cleanups) : undefined;
  const remote = await Remote.open(options.repo ?? urlOf(own), gitToken);
  const slowDown = own && ((delayMs: number) => own.setFaults({ delayMs }));
  return sceneWith({ url, key, gitToken, operatorKey, metricsKey, remote, slowDown }, cleanups);
}

/** Returns the scene of a stack that was started with STACK_BINDINGS. */
export async function sceneOfStack(stack: Stack, cleanups: Cleanups, more: Partial<SceneOptions> = {}): Promise<Scene> {
  const { git, url } = stack;
  await makeRepository(git.root, REPOSITORY, CONTENT);
  const remote = await Remote.open(urlOf(git));
  const slowDown = (delayMs: number) => git.setFaults({ delayMs });
  return sceneWith({ url, key: "dev", remote, slowDown, ...more }, cleanups);
}

function sceneWith(options: SceneOptions, cleanups: Cleanups): Scene {
  const scene = new Scene(options);
  cleanups.add(() => options.remote.close());
  cleanups.add(() => scene.end());
  return scene;
}

const urlOf = (git: GitServer | undefined) => `${git?.url}/${REPOSITORY}.git`;

async function sampleRemote(cleanups: Cleanups): Promise<GitServer> {
  const folder = await mkdtemp(join(tmpdir(), "warmtree-verify-remote-"));
  cleanups.add(() => rm(folder, { recursive: true, force: true }));
  const git = await startGitServer({ root: folder });
  cleanups.add(() => git.close());
  await makeRepository(git.root, REPOSITORY, CONTENT);
  return git;
}
