import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inside, type Inside } from "../../support/inside.ts";
import { openWorkspace, runAllOperations } from "./all-operations.ts";
import { finderOf, LEASE, newToken, type Scene } from "./scene.ts";
import { type Listener, startListener } from "./listener.ts";
import type { Way } from "./ways.ts";

export const programOf = (name: string) => readFileSync(join(import.meta.dirname, name), "utf8");

/** The catch of one trap. */
export interface Catch {
  readonly way: string;
  /** Whether the trap caught a planted credential, in a careless session beside it. */
  readonly works: boolean;
  readonly operations: number;
  readonly credential: boolean;
  readonly lease: boolean;
  /** Whether the thief's program ran, or its listener was asked. */
  readonly sprung: boolean;
}

/** Config files that git reads in the tree, and those of Warmtree's own folder. */
const OWN_CONFIGS = "$HOME/repo/.git/config $HOME/.warmtree/net.git/config $HOME/.warmtree/git.config";

const trap = ({ set }: Way, tree: string, configs: string) => `W="${tree}" CONFIGS="${configs}"; ${set}`;

async function caught(listener: Listener, box: Inside, file: string): Promise<string> {
  const loot = await box.sh(`cat "${file}" 2>/dev/null; rm -f "${file}"`);
  return listener.heard() + loot;
}

/** Sets a trap in a tree of its own, then in a workspace's tree, and runs in each the work that it is to catch. */
export async function springTrap(scene: Scene, way: Way, task_id: string): Promise<Catch> {
  const listener = await startListener();
  try {
    return await spring(scene, listener, way, task_id);
  } finally {
    await listener.close();
  }
}

async function spring(scene: Scene, listener: Listener, way: Way, task_id: string): Promise<Catch> {
  const workspace = await openWorkspace(scene, task_id);
  const box = await inside(scene.stack, workspace.sandbox_id);
  const env = { L: listener.url, HOST: scene.stack.git.url, EVIL: programOf("evil.sh") };
  const prepare = 'E="$HOME/evil"; printf %s "$EVIL" >"$E"; chmod +x "$E";';
  const planted = newToken();

  // In a home of its own, which is removed after the session.
  const home = 'export HOME="$HOME/control"; mkdir -p "$HOME";';
  const tree = "$HOME/tree";
  const clone = `git clone -q -b main "$HOST/open.git" "${tree}";`;
  await box.sh(`${home} ${clone} ${prepare} ${trap(way, tree, `${tree}/.git/config`)}`, env);
  const encoded = Buffer.from(`x-access-token:${planted}`).toString("base64");
  const session = { ...env, PLANTED: encoded, CARELESS: programOf("careless.sh") };
  await box.sh(`${home} W="${tree}" bash -lc "$CARELESS"; exit 0`, session);
  const works = finderOf(planted)(await caught(listener, box, "$HOME/control/loot"));
  await box.sh('rm -rf "$HOME/control"');

  await box.sh(`${prepare} ${trap(way, "$HOME/repo", OWN_CONFIGS)}`, env);
  const operations = await runAllOperations(scene, workspace);
  const text = await caught(listener, box, "$HOME/loot");
  await scene.send("DELETE", `/v1/workspaces/${workspace.sandbox_id}`);
  return {
    way: way.name,
    works,
    operations,
    credential: scene.holdsToken(text),
    lease: text.includes(LEASE),
    sprung: text !== "",
  };
}
