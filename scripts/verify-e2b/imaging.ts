import { E2bError } from "../../src/e2b/error.ts";
import { heldIf, notOffered } from "../verification/check.ts";
import type { Finding, Theme } from "../verification/check.ts";
import type { E2bScene } from "./scene.ts";

/** E2B stores the state of a whole machine. */
const WITHIN_S = 180;

export const imaging: Theme<E2bScene> = {
  name: "snapshots",
  checks: [
    {
      name: "take, and start from it",
      expects: "an id that a sandbox starts from, with the files of then; the original runs on",
      withinS: WITHIN_S,
      look: whereOffered((scene) =>
        scene.within({}, async (original) => {
          await scene.output(original, "echo then >state");
          const snapshot = await taken(scene, original.sandboxId, "start");
          const after = await scene.output(original, "cat state; echo later >state");
          const content = await scene.within({ template: snapshot }, (copy) => scene.output(copy, "cat state"));
          return heldIf(after === "then" && content === "then", `the copy holds ${content}, the original ran on`);
        }),
      ),
    },
    {
      name: "take again",
      expects: "the same name has the newer state",
      withinS: WITHIN_S,
      look: whereOffered((scene) =>
        scene.within({}, async (original) => {
          await scene.output(original, "echo first >state");
          await taken(scene, original.sandboxId, "again");
          await scene.output(original, "echo second >state");
          const snapshot = await taken(scene, original.sandboxId, "again");
          const content = await scene.within({ template: snapshot }, (copy) => scene.output(copy, "cat state"));
          return heldIf(content === "second", `a copy holds ${content}`);
        }),
      ),
    },
    {
      name: "delete",
      expects: "refused (400 or 409) while a sandbox of it is there, then done; what is gone is taken for done",
      withinS: WITHIN_S,
      look: whereOffered((scene) =>
        scene.within({}, async (original) => {
          const snapshot = await taken(scene, original.sandboxId, "delete");
          const whileUsed = await scene.within({ template: snapshot }, () => scene.snapshots.delete(snapshot));
          const done = await scene.snapshots.delete(snapshot);
          const again = await scene.snapshots.delete(snapshot);
          if (done) scene.images.delete(snapshot);
          const told = `in use: ${whileUsed ? "done" : "refused"}, then ${done ? "done" : "refused"}, again ${again ? "done" : "refused"}`;
          return heldIf(!whileUsed && done && again, told);
        }),
      ),
    },
  ],
};

class NoSnapshots extends Error {
  override readonly name = "NoSnapshots";
}

async function taken(scene: E2bScene, sandboxId: string, name: string): Promise<string> {
  try {
    const snapshot = await scene.snapshots.take(sandboxId, `warmtree-verify-${scene.nonce}-${name}`, "filesystem");
    scene.images.add(snapshot);
    return snapshot;
  } catch (error) {
    // The sandbox exists, so the route does not.
    if (error instanceof E2bError && (error.status === 404 || error.status === 405)) {
      throw new NoSnapshots(`${error.status}: no such route`);
    }
    throw error;
  }
}

/** Wraps a check of snapshots: an API that speaks E2B's may have none, and Warmtree then clones. */
function whereOffered(look: (scene: E2bScene) => Promise<Finding>): (scene: E2bScene) => Promise<Finding> {
  return (scene) =>
    look(scene).catch((error: unknown) => {
      if (error instanceof NoSnapshots) return notOffered(error.message);
      throw error;
    });
}
