import { E2bError } from "../../src/e2b/error.ts";
import { heldIf } from "../verification/check.ts";
import type { Finding, Theme } from "../verification/check.ts";
import { polled } from "../verification/run.ts";
import { SANDBOX_TIMEOUT_S } from "./scene.ts";
import type { E2bScene } from "./scene.ts";

/** Tolerance for differences of clocks, and for the time of calls. */
const TOLERANCE_S = 15;
const SHORT_S = 3;
const END_WITHIN_MS = 45_000;

export const ending: Theme<E2bScene> = {
  name: "time",
  checks: [
    {
      name: "end of a new sandbox",
      expects: `endAt is the timeout asked for, ${SANDBOX_TIMEOUT_S} s, after its making`,
      look: (scene) => scene.within({}, ({ sandboxId }) => endsIn(scene, sandboxId, SANDBOX_TIMEOUT_S)),
    },
    {
      name: "setTimeout",
      expects: "counts from now, later or sooner; get tells the new endAt",
      look: (scene) =>
        scene.within({ timeoutS: 120 }, async ({ sandboxId }) => {
          await scene.plane.setTimeout(sandboxId, SANDBOX_TIMEOUT_S);
          const later = await endsIn(scene, sandboxId, SANDBOX_TIMEOUT_S);
          await scene.plane.setTimeout(sandboxId, 60);
          return both(later, await endsIn(scene, sandboxId, 60));
        }),
    },
    {
      name: "connect to a running one",
      expects: "moves the end later, and never sooner",
      look: (scene) =>
        scene.within({ timeoutS: 120 }, async ({ sandboxId }) => {
          await scene.plane.connect(sandboxId, SANDBOX_TIMEOUT_S);
          const later = await endsIn(scene, sandboxId, SANDBOX_TIMEOUT_S);
          await scene.plane.connect(sandboxId, 60);
          return both(later, await endsIn(scene, sandboxId, SANDBOX_TIMEOUT_S));
        }),
    },
    {
      name: "end, with autoPause",
      expects: "it is paused, and its files stay",
      look: (scene) =>
        scene.within({ autoPause: true }, async (session) => {
          await scene.output(session, "echo kept >kept");
          const state = await stateAfterEnd(scene, session.sandboxId);
          if (state !== "paused") return heldIf(false, state);
          const content = await scene.output(await scene.plane.connect(session.sandboxId, 60), "cat kept");
          return heldIf(content === "kept", `${state}, then its file holds ${content}`);
        }),
    },
    {
      name: "end, without autoPause",
      expects: "it is gone",
      look: (scene) =>
        scene.within({}, async ({ sandboxId }) => {
          const state = await stateAfterEnd(scene, sandboxId);
          return heldIf(state === "gone", state);
        }),
    },
  ],
};

async function endsIn(scene: E2bScene, sandboxId: string, seconds: number): Promise<Finding> {
  const { endAtMs } = await scene.plane.get(sandboxId);
  const left = Math.round((endAtMs - Date.now()) / 1000);
  return heldIf(Math.abs(left - seconds) <= TOLERANCE_S, `asked for ${seconds} s, ends in ${left} s`);
}

const both = (a: Finding, b: Finding): Finding =>
  heldIf(a.verdict === "ok" && b.verdict === "ok", `${a.answered}; then ${b.answered}`);

async function stateAfterEnd(scene: E2bScene, sandboxId: string): Promise<string> {
  await scene.plane.setTimeout(sandboxId, SHORT_S);
  const state = () =>
    scene.plane.get(sandboxId).then(
      (detail): string => detail.state,
      (error: unknown) => {
        if (error instanceof E2bError && error.code === "not_found") return "gone";
        throw error;
      },
    );
  return polled(state, (now) => now !== "running", SHORT_S * 1000 + END_WITHIN_MS);
}
