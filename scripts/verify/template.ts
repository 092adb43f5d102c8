import type * as z from "zod/v4";
import { templateSchema } from "../../src/api/schemas.ts";
import { problemText } from "../support/client.ts";
import { heldIf, notChecked } from "../verification/check.ts";
import type { Check } from "../verification/check.ts";
import { polled } from "../verification/run.ts";
import { asOperator, withKey } from "./operator.ts";
import type { Scene } from "./scene.ts";

/** Compiling git on one processor takes E2B some minutes. */
const BUILD_WITHIN_S = 1500;

export const templateChecks: readonly Check<Scene>[] = [
  {
    name: "template",
    expects: "GET /v1/template tells what sandboxes start from; the newest build, if there is any, did not fail",
    look: async (scene) => {
      const { status: code, json } = await scene.request("GET", "/v1/template");
      const template = templateSchema.safeParse(json).data;
      const { name, builds_weekly: weekly, newest_build: newest } = template ?? {};
      const build = newest === undefined ? "no build yet" : `newest build ${newest.state}`;
      return heldIf(
        code === 200 && newest?.state !== "failed" && name !== undefined,
        `${name}, ${weekly ? "built weekly" : "not built here"}, ${build}`,
      );
    },
  },
  {
    name: "build of a template",
    expects: "an operator's request builds the next version, which is tested and promoted",
    withinS: BUILD_WITHIN_S,
    look: withKey("an operator's key", async (scene) => {
      const before = (await templateOf(scene)).newest_build?.version ?? 0;
      const { status: code, json } = await asOperator(scene, "POST", "template/builds");
      if (code === 404) return notChecked(problemText(json));
      if (code !== 202) throw new Error(`the request answers ${code}: ${problemText(json)}`);
      const hasEnded = ({ newest_build: build }: Template) =>
        build !== undefined && build.version > before && build.state !== "building";
      const { newest_build: build, version } = await polled(
        () => templateOf(scene),
        hasEnded,
        (BUILD_WITHIN_S - 10) * 1000,
      );
      const isNew = build !== undefined && build.version > before;
      return heldIf(
        isNew && build.state === "promoted" && version === build.version,
        isNew ? `${build.state}${build.reason ? `: ${build.reason}` : `, git ${build.git}`}` : "no new build",
      );
    }),
  },
];

type Template = z.output<typeof templateSchema>;

async function templateOf(scene: Scene): Promise<Template> {
  return templateSchema.parse((await scene.request("GET", "/v1/template")).json);
}
