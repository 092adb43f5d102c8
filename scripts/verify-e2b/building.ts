import type { BuildRef, BuildStatus } from "../../src/e2b/schema.ts";
import { heldIf } from "../verification/check.ts";
import type { Theme } from "../verification/check.ts";
import { polled } from "../verification/run.ts";
import { refusalOf, saidBy } from "./answers.ts";
import type { E2bScene } from "./scene.ts";

/** E2B builds a template of one step in a minute or two. */
const WITHIN_S = 600;
const SIZE = { cpuCount: 1, memoryMb: 512 };
const IMAGE = "debian:stable-slim";
const LINE = "echo built >/tmp/built && chmod 644 /tmp/built && cp /tmp/built /built";

export const building: Theme<E2bScene> = {
  name: "templates",
  checks: [
    {
      name: "build",
      expects: "requested it waits, started it builds, at the end it is ready; started again it goes on",
      withinS: WITHIN_S,
      look: async (scene) => {
        const build = await requested(scene, "good", ["v1"]);
        const { state: before } = await scene.templates.status(build);
        await scene.templates.start(build, { fromImage: IMAGE, steps: [run(LINE)] });
        await scene.templates.start(build, { fromImage: IMAGE, steps: [run(LINE)] });
        const { state, reason = "" } = await ended(scene, build);
        return heldIf(before === "waiting" && state === "ready", `${before}, then ${state} ${reason}`);
      },
    },
    {
      name: "tags",
      expects: "listed with their builds; assigned to another; removed; of no template: none",
      look: async (scene) => {
        const name = nameOf(scene, "good");
        const tags = async () => (await scene.templates.tags(name)).map(({ tag }) => tag).toSorted();
        const first = await tags();
        await scene.templates.assignTags(`${name}:v1`, ["stable"]);
        const builds = new Set((await scene.templates.tags(name)).map(({ buildId }) => buildId));
        const second = await tags();
        await scene.templates.removeTags(name, ["stable"]);
        const third = await tags();
        const none = await scene.templates.tags(`${name}-none`);
        const told = [first, second, third].map((each) => each.join("+")).join(", then ");
        return heldIf(told === "v1, then stable+v1, then v1" && builds.size === 1 && none.length === 0, told);
      },
    },
    {
      name: "start of a version",
      expects: "a sandbox of name:tag holds what its step made",
      look: (scene) =>
        scene.within({ template: `${nameOf(scene, "good")}:v1` }, async (session) => {
          const content = await scene.output(session, "cat /built /tmp/built 2>/dev/null | head -n 1");
          return heldIf(content === "built", content === "" ? "nothing there" : content);
        }),
    },
    {
      name: "tag of what is not ready",
      expects: "404, so that nothing starts from it",
      look: async (scene) => {
        await requested(scene, "waits", ["v1"]);
        const refusal = await refusalOf(scene.templates.assignTags(`${nameOf(scene, "waits")}:v1`, ["stable"]));
        return heldIf(refusal.code === "not_found", saidBy(refusal));
      },
    },
    {
      name: "build that fails",
      expects: "status error, and why",
      withinS: WITHIN_S,
      look: async (scene) => {
        const build = await requested(scene, "bad", ["v1"]);
        await scene.templates.start(build, { fromImage: IMAGE, steps: [run("exit 7")] });
        const { state, reason = "" } = await ended(scene, build);
        return heldIf(state === "failed" && reason !== "", `${state}: ${reason.slice(0, 100)}`);
      },
    },
  ],
};

const nameOf = ({ nonce }: E2bScene, name: string) => `warmtree-verify-${nonce}-${name}`;
const run = (line: string) => ({ type: "RUN", args: [line, "root"] });

async function requested(scene: E2bScene, name: string, tags: string[]): Promise<BuildRef> {
  const build = await scene.templates.request({ name: nameOf(scene, name), tags, ...SIZE });
  scene.images.add(build.templateId);
  return build;
}

const ended = (scene: E2bScene, build: BuildRef): Promise<BuildStatus> =>
  polled(
    () => scene.templates.status(build),
    ({ state }) => state === "ready" || state === "failed",
    WITHIN_S * 1000,
  );
