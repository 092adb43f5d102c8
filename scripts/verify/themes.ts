import { heldIf } from "../verification/check.ts";
import type { Theme } from "../verification/check.ts";
import { deadline } from "./deadline.ts";
import { job } from "./job.ts";
import { keeping } from "./keeping.ts";
import { mcp } from "./mcp.ts";
import { operating } from "./operating.ts";
import { races } from "./races.ts";
import { runs } from "./runs.ts";
import type { Scene } from "./scene.ts";

const end: Theme<Scene> = {
  name: "the end",
  checks: [
    {
      name: "tidy",
      expects: "all workspaces and branches of this run can be removed",
      withinS: 120,
      look: async (scene) => {
        const { workspaces, branches } = await scene.end();
        return heldIf(workspaces + branches === 0, `${workspaces} workspaces, ${branches} branches left`);
      },
    },
  ],
};

/** Run in this order; the last removes all resources. */
export const THEMES: readonly Theme<Scene>[] = [job, mcp, races, runs, deadline, keeping, operating, end];
