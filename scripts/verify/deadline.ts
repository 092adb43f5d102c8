import { setTimeout as sleep } from "node:timers/promises";
import { edit } from "../../src/ops/edit.ts";
import { push } from "../../src/ops/push.ts";
import { status } from "../../src/ops/status.ts";
import { heldIf, notChecked } from "../verification/check.ts";
import type { Theme } from "../verification/check.ts";
import type { Scene } from "./scene.ts";

/** A regular expression whose back references exceed every operation's time limit, and use almost no memory. */
const ENDLESS = "(a*)(a*)\\1\\2b";
const LINES = `${"a".repeat(60)}\n`.repeat(20_000);
const CUT: readonly string[] = ["timeout", "too_expensive"];
/** Time to watch for effects of an operation that was cut off. */
const WATCH_MS = 5_000;
const SOON_MS = 20_000;
/** Longer than GIT_SANDBOX_TIMEOUT of the stack that this command starts, as if the git host were dead. */
const GIT_DELAY_MS = 13_000;

export const deadline: Theme<Scene> = {
  name: "time limit",
  checks: [
    {
      name: "a search without end",
      expects: "timeout or too_expensive, nothing pushed, tree unchanged; the next call is done at once",
      withinS: 330,
      look: (scene) =>
        scene.within("search", async ({ sandbox_id }) => {
          await prepare(scene, sandbox_id);
          const { code, work } = await scene.mustFail("search", { sandbox_id, pattern: ENDLESS, regex: true });
          const startedAt = performance.now();
          const { untracked } = await scene.must("status", { sandbox_id }, status.output);
          const isSoon = performance.now() - startedAt < SOON_MS;
          const isTrue = work?.pushed === false && work.tree === "unchanged" && untracked.join() === "lines.txt";
          return heldIf(
            CUT.includes(code) && isTrue && isSoon,
            `${code}, pushed ${work?.pushed}, tree ${work?.tree}; next call ${isSoon ? "at once" : "late"}`,
          );
        }),
    },
    {
      name: "steps cut in the middle",
      expects: "git_run tells which step was cut; the edit after it is not done, then or later",
      withinS: 330,
      look: (scene) =>
        scene.within("steps", async ({ sandbox_id }) => {
          await prepare(scene, sandbox_id);
          const { client, call } = await scene.mcp();
          const late = { op: "edit", files: [{ path: "late.txt", content: "late\n" }] };
          const steps = [{ op: "search", pattern: ENDLESS, regex: true }, late];
          const { text } = await call("git_run", { sandbox_id, steps }, { timeout: 330_000 });
          await client.close();
          const isDone = await appears(scene, sandbox_id, "late.txt");
          const told = text.includes('"stopped_at"') ? "told where it stopped" : text;
          return heldIf(
            text.includes('"stopped_at"') && !isDone,
            `${told}; the edit ${isDone ? "landed" : "did not land"}`,
          );
        }),
    },
    {
      name: "a push that the git host does not answer",
      expects: "timeout, and whether it was pushed or that nobody knows; nothing lands later; the next push does",
      withinS: 330,
      look: async (scene) => {
        const { slowDown } = scene.options;
        if (!slowDown) return notChecked("needs a git host that can be slowed down: this command's own");
        return scene.within("slow", async ({ sandbox_id, branch }) => {
          await scene.must("edit", { sandbox_id, files: [{ path: "slow.txt", content: "slow\n" }] }, edit.output);
          const asked = { sandbox_id, message: "verify: slow" };
          slowDown(GIT_DELAY_MS);
          const { code, work } = await scene.mustFail("push", asked).finally(() => slowDown(0));
          const held = async () => (await scene.remote.branches(scene.nonce)).get(branch ?? "");
          const before = await held();
          await sleep(WATCH_MS);
          const after = await held();
          const isTrue = work?.pushed === "unknown" || work?.pushed === (before !== undefined);
          const { commit } = await scene.must("push", asked, push.output);
          const { subjects } = await scene.remote.content(branch ?? "", 2);
          const times = subjects.filter((subject) => subject === asked.message).length;
          const isAtRest = before === after && (await held()) === commit && times === 1;
          return heldIf(
            code === "timeout" && isTrue && isAtRest,
            `${code}, pushed ${work?.pushed}; ${before === after ? "nothing" : "a commit"} landed later; then there ${times} times`,
          );
        });
      },
    },
  ],
};

const prepare = (scene: Scene, sandbox_id: string) =>
  scene.must("edit", { sandbox_id, files: [{ path: "lines.txt", content: LINES }] }, edit.output);

/** Whether a new file exists, now or WATCH_MS later. */
async function appears(scene: Scene, sandbox_id: string, path: string): Promise<boolean> {
  const isThere = async () => (await scene.must("status", { sandbox_id }, status.output)).untracked.includes(path);
  if (await isThere()) return true;
  await sleep(WATCH_MS);
  return isThere();
}
