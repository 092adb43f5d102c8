import { clonedSchema } from "../../src/api/schemas.ts";
import { status } from "../../src/ops/status.ts";
import { problemText } from "../support/client.ts";
import { heldIf, notChecked } from "../verification/check.ts";
import type { Check, Finding } from "../verification/check.ts";
import { overviewOf, withKey } from "./operator.ts";
import { problem } from "./problem.ts";
import type { Scene } from "./scene.ts";

/** Highest limit of running sandboxes that is tried: a higher one would take more of them than a run should cost. */
const LIMIT_TRIED_MAX = 10;

export const limit: Check<Scene> = {
  name: "limit of running sandboxes",
  expects:
    "beyond it a clone is served, or refused with sandbox_unavailable and a time to wait; the others can be used",
  withinS: 330,
  look: withKey("an operator's key", async (scene) => {
    const { most } = (await overviewOf(scene)).sandboxes;
    return most > LIMIT_TRIED_MAX
      ? notChecked(`${most} may run: more than this run may open`)
      : open(scene, most + 1, []);
  }),
};

/** Opens workspaces until there are `most`, or one is refused; then uses each of them. */
async function open(scene: Scene, most: number, opened: readonly string[]): Promise<Finding> {
  if (opened.length === most) return used(scene, opened, "served");
  const { status: code, json, headers } = await scene.call("clone", scene.cloneInput(`limit-${opened.length}`));
  if (code === 200) {
    const { sandbox_id } = clonedSchema.parse(json);
    return scene.ending(sandbox_id, () => open(scene, most, [...opened, sandbox_id]));
  }
  const isRight = code === 503 && headers.has("Retry-After") && problem.parse(json).code === "sandbox_unavailable";
  return isRight ? used(scene, opened, "refused, with a time to wait") : heldIf(false, problemText(json));
}

async function used(scene: Scene, opened: readonly string[], how: string): Promise<Finding> {
  for (const sandbox_id of opened) await scene.must("status", { sandbox_id }, status.output);
  const { running, most } = (await overviewOf(scene)).sandboxes;
  return heldIf(
    running <= most,
    `${how}; ${running <= most ? "never more than" : "more than"} the limit; the others were used`,
  );
}
