import { afterAll, afterEach, beforeAll } from "vitest";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { DEV_KEY } from "../../scripts/support/client.ts";
import { type Client, createClient } from "../src/index.ts";
import { type FaultyProxy, startFaultyProxy } from "./faulty-proxy.ts";

/** A Warmtree with a small repository, and a client that reaches it through a proxy with faults. */
export interface Scene {
  readonly stack: Stack;
  readonly proxy: FaultyProxy;
  readonly client: Client;
  readonly repo_url: string;
  readonly close: () => Promise<void>;
}

export async function startScene(bindings: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const stack = await startStack({ bindings });
  const proxy = await startFaultyProxy(stack.url);
  await makeRepository(stack.git.root, "small", { files: 5, commits: 3 });
  return {
    stack,
    proxy,
    client: createClient({ url: `${proxy.url}/`, key: DEV_KEY }),
    repo_url: `${stack.git.url}/small.git`,
    close: async () => {
      await proxy.close();
      await stack.close();
    },
  };
}

/** Starts one scene for the tests of a file, and clears its faults before each test. */
export function sceneOfFile(): () => Scene {
  let scene: Scene | undefined;
  beforeAll(async () => {
    scene = await startScene();
  });
  afterEach(() => {
    scene?.proxy.reset();
    scene?.stack.host.faults.reset();
  });
  afterAll(() => scene?.close());
  return () => {
    if (!scene) throw new Error("a scene is there while tests run");
    return scene;
  };
}
