import { heldIf } from "../verification/check.ts";
import type { Theme } from "../verification/check.ts";
import { refusalOf, saidBy } from "./answers.ts";
import type { E2bScene } from "./scene.ts";

const PAUSED: ["paused"] = ["paused"];
const TOLERANCE_S = 15;

export const pausing: Theme<E2bScene> = {
  name: "pausing",
  checks: [
    {
      name: "pause",
      expects: "2xx; a second one 409, after which get says paused; it is listed as paused, and get does not wake it",
      look: (scene) =>
        scene.within({ metadata: { pause: "yes" } }, async ({ sandboxId }) => {
          const first = await scene.control("POST", `/sandboxes/${sandboxId}/pause`, {});
          const second = await scene.control("POST", `/sandboxes/${sandboxId}/pause`, {});
          const again = await scene.plane.pause(sandboxId);
          const listed = await scene.plane.list({ metadata: { ...scene.mark, pause: "yes" }, states: PAUSED });
          const { state } = await scene.plane.get(sandboxId);
          const isPaused = again === "already_paused" && listed.length === 1 && state === "paused";
          return heldIf(
            first.status < 300 && second.status === 409 && isPaused,
            `${first.status}, then ${second.status} and ${again}; ${listed.length} listed, ${state}`,
          );
        }),
    },
    {
      name: "setTimeout of a paused one",
      expects: "404",
      look: (scene) =>
        scene.within({}, async ({ sandboxId }) => {
          await scene.plane.pause(sandboxId);
          const refusal = await refusalOf(scene.plane.setTimeout(sandboxId, 60));
          return heldIf(refusal.code === "not_found", saidBy(refusal));
        }),
    },
    {
      name: "resume",
      expects: "connect wakes it: files as they were, the newest too; the timeout counts from now; a token that serves",
      look: (scene) =>
        scene.within({}, async (session) => {
          await scene.output(session, "mkdir -p a/b && echo newest >a/b/c");
          await scene.plane.pause(session.sandboxId);
          const resumed = await scene.plane.connect(session.sandboxId, 200);
          const content = await scene.output(resumed, "cat a/b/c");
          const { state, endAtMs } = await scene.plane.get(session.sandboxId);
          const left = Math.round((endAtMs - Date.now()) / 1000);
          const isInTime = Math.abs(left - 200) <= TOLERANCE_S;
          return heldIf(
            content === "newest" && state === "running" && isInTime,
            `${state}, file holds ${content}, ends in ${left} s`,
          );
        }),
    },
    {
      name: "kill of a paused one",
      expects: "it is ended",
      look: async (scene) => {
        const { sandboxId } = await scene.open();
        await scene.plane.pause(sandboxId);
        const wasThere = await scene.plane.kill(sandboxId);
        const refusal = await refusalOf(scene.plane.get(sandboxId));
        return heldIf(wasThere && refusal.code === "not_found", `kill ${wasThere}, then get ${refusal.status}`);
      },
    },
  ],
};
