import { edit } from "../../src/ops/edit.ts";
import { push } from "../../src/ops/push.ts";
import { heldIf } from "../verification/check.ts";
import type { Theme } from "../verification/check.ts";
import type { Scene } from "./scene.ts";

/** Few enough for a free E2B account, whose sandboxes others use too. */
const RACERS = 4;

export const races: Theme<Scene> = {
  name: "races",
  checks: [
    {
      name: `${RACERS} workspaces push to one branch at once`,
      expects: "all are answered well, and all commits and files are on the branch, once each",
      withinS: 300,
      look: async (scene) => {
        const agents = Array.from({ length: RACERS }, (_, n) => `racer-${n}`);
        const branch = `${scene.nonce}/race`;
        const messages = agents.map((agent) => `verify: ${agent}`);
        const paths = agents.map((agent) => `${scene.nonce}-${agent}.txt`);
        const pushes = await raced(scene, agents, async (sandbox_id, n) => {
          await scene.must("edit", { sandbox_id, files: [{ path: paths[n], content: `${n}\n` }] }, edit.output);
          return () => scene.must("push", { sandbox_id, message: messages[n], to: branch }, push.output);
        });
        const { subjects, files } = await scene.remote.content(branch, RACERS);
        const landed = messages.filter((message) => subjects.filter((subject) => subject === message).length === 1);
        const held = paths.filter((path) => files.includes(path));
        const answered = pushes.filter(({ pushed }) => pushed).length;
        const isWhole = [answered, landed.length, held.length].every((count) => count === RACERS);
        return heldIf(
          isWhole,
          `${answered} answered pushed, ${landed.length} commits and ${held.length} files on the branch`,
        );
      },
    },
    {
      name: `${RACERS} pushes of one workspace at once`,
      expects: "each commits its own file: they queue",
      withinS: 180,
      look: (scene) =>
        scene.within("queue", async ({ sandbox_id, branch }) => {
          const paths = Array.from({ length: RACERS }, (_, n) => `${scene.nonce}-queue-${n}.txt`);
          await scene.must("edit", { sandbox_id, files: paths.map((path) => ({ path, content: path })) }, edit.output);
          const asked = paths.map((path) => ({ sandbox_id, message: `verify: ${path}`, files: [path] }));
          const pushes = await Promise.all(asked.map((each) => scene.must("push", each, push.output)));
          const commits = new Set(pushes.map(({ commit }) => commit)).size;
          const { files } = await scene.remote.content(branch ?? "", RACERS);
          const held = paths.filter((path) => files.includes(path)).length;
          return heldIf(commits === RACERS && held === RACERS, `${commits} commits, ${held} files on the branch`);
        }),
    },
  ],
};

/** Prepares each agent in a workspace of its own; then starts all at once. */
async function raced<T>(
  scene: Scene,
  [agent, ...others]: readonly string[],
  prepare: (sandboxId: string, n: number) => Promise<() => Promise<T>>,
  ready: readonly (() => Promise<T>)[] = [],
): Promise<T[]> {
  if (agent === undefined) return Promise.all(ready.map((go) => go()));
  return scene.within(agent, async ({ sandbox_id }) =>
    raced(scene, others, prepare, [...ready, await prepare(sandbox_id, ready.length)]),
  );
}
