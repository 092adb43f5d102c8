import * as z from "zod/v4";
import { durableRunSchema, runEventsSchema, runStartedSchema } from "../../src/api/run-schemas.ts";
import { clonedSchema } from "../../src/api/schemas.ts";
import { push } from "../../src/ops/push.ts";
import { heldIf } from "../verification/check.ts";
import type { Theme } from "../verification/check.ts";
import type { Scene } from "./scene.ts";

/** Longest time that a request to the Worker may take. */
const WAIT_S = 55;

export const runs: Theme<Scene> = {
  name: "runs",
  checks: [
    {
      name: "clone, edit and push without the connection",
      expects: "the run ends well, its events have no gap, and its commit is on the branch once",
      withinS: 180,
      look: async (scene) => {
        const message = `verify: run of ${scene.nonce}`;
        const path = `${scene.nonce}-run.txt`;
        const steps = [
          { op: "clone", ...scene.cloneInput("run") },
          { op: "edit", files: [{ path, content: `${path}\n` }] },
          { op: "push", message },
        ];
        const body = { async: true, steps };
        const { url, events } = runStartedSchema.parse((await scene.request("POST", "/v1/run", body)).json);
        const run = durableRunSchema.parse((await scene.request("GET", `${url}?wait=${WAIT_S}`)).json);
        const [cloned, , pushed] = (run.steps ?? []).map(({ result }) => result);
        const { sandbox_id } = clonedSchema.parse(cloned);
        return scene.ending(sandbox_id, async () => {
          const told = runEventsSchema.parse((await scene.request("GET", events)).json);
          const isWhole = told.ended && told.events.every(({ id }, at) => id === at + 1);
          const { to } = z.object({ to: push.output.shape.to }).parse(pushed);
          const { subjects, files } = await scene.remote.content(to, 2);
          const commits = subjects.filter((subject) => subject === message).length;
          const isSo = run.status === "done" && isWhole && commits === 1 && files.includes(path);
          const gaps = isWhole ? "without a gap" : "with a gap";
          return heldIf(isSo, `${run.status}, ${told.events.length} events ${gaps}, ${commits} commit on the branch`);
        });
      },
    },
  ],
};
