import * as z from "zod/v4";
import { clonedSchema, snapshotListSchema, snapshotSchema } from "../../src/api/schemas.ts";
import { diff } from "../../src/ops/diff.ts";
import { edit } from "../../src/ops/edit.ts";
import { push } from "../../src/ops/push.ts";
import { problemText } from "../support/client.ts";
import { heldIf, notChecked } from "../verification/check.ts";
import type { Finding, Theme } from "../verification/check.ts";
import { polled } from "../verification/run.ts";
import type { Scene } from "./scene.ts";

const MAKING_WITHIN_MS = 240_000;

/** Checks the state of workspaces between uses, and the sources of new ones. */
export const keeping: Theme<Scene> = {
  name: "keeping",
  checks: [
    {
      name: "same agent and task",
      expects: "a second clone answers the same workspace, with its uncommitted edit",
      withinS: 120,
      look: (scene) =>
        scene.within("again", async ({ sandbox_id }) => {
          await scene.must("edit", { sandbox_id, files: [{ path: "open.txt", content: "open\n" }] }, edit.output);
          const again = await scene.must("clone", scene.cloneInput("again"), clonedSchema);
          scene.keep(again.sandbox_id);
          const isSame = again.sandbox_id === sandbox_id && !again.created;
          const isKept = await hasEdit(scene, again.sandbox_id, "open.txt");
          return heldIf(
            isSame && isKept,
            `${isSame ? "the same" : "another"}, ${isKept ? "with" : "without"} the edit, ${again.source}`,
          );
        }),
    },
    {
      name: "pause and resume",
      expects: "POST …/pause answers 204, the list says paused; the next call resumes it: edit and commit are there",
      withinS: 240,
      look: (scene) =>
        scene.within("pause", async ({ sandbox_id }) => {
          const write = (path: string) =>
            scene.must("edit", { sandbox_id, files: [{ path, content: "kept\n" }] }, edit.output);
          await write("committed.txt");
          const { commit } = await scene.must("push", { sandbox_id, message: "verify: before a pause" }, push.output);
          await write("uncommitted.txt");
          const paused = await scene.request("POST", `/v1/workspaces/${sandbox_id}/pause`);
          const listed = (await scene.workspaces()).find((each) => each.sandbox_id === sandbox_id);
          const isKept = await hasEdit(scene, sandbox_id, "uncommitted.txt");
          const { commit: after } = await scene.must("push", { sandbox_id, files: ["committed.txt"] }, push.output);
          const isWhole = paused.status === 204 && listed?.state === "paused" && isKept && after === commit;
          return heldIf(
            isWhole,
            `${paused.status}, ${listed?.state}; ${isKept ? "edit" : "no edit"}, ${after === commit ? "the" : "another"} commit`,
          );
        }),
    },
    {
      name: "end",
      expects: "DELETE answers 204; the next call says that it is gone, and what to do; the list says gone, or nothing",
      withinS: 120,
      look: (scene) =>
        scene.within("end", async ({ sandbox_id }) => {
          const { status } = await scene.request("DELETE", `/v1/workspaces/${sandbox_id}`);
          const { code, detail } = await scene.mustFail("status", { sandbox_id });
          const listed = (await scene.workspaces()).find((each) => each.sandbox_id === sandbox_id)?.state ?? "gone";
          const isClear = ["workspace_gone", "workspace_not_found"].includes(code) && /clone/i.test(detail);
          return heldIf(status === 204 && isClear && listed === "gone", `${status}, then ${code}, listed as ${listed}`);
        }),
    },
    {
      name: "clone from a snapshot",
      expects: "POST /v1/snapshots makes one; a clone says source snapshot, and is at the newest commit",
      withinS: 300,
      look: fromSnapshot,
    },
  ],
};

async function hasEdit(scene: Scene, sandbox_id: string, path: string): Promise<boolean> {
  const { files } = await scene.must("diff", { sandbox_id }, diff.output);
  return files.some((file) => file.path === path);
}

async function snapshotsOf(scene: Scene) {
  return snapshotListSchema.parse((await scene.request("GET", "/v1/snapshots")).json).snapshots;
}

async function fromSnapshot(scene: Scene): Promise<Finding> {
  const before = await snapshotsOf(scene);
  const body = { repo_url: scene.remote.url };
  const made = () => scene.request("POST", "/v1/snapshots", body);
  const answer = await polled(made, ({ status }) => status !== 202, MAKING_WITHIN_MS);
  const snapshot = snapshotSchema.safeParse(answer.json).data;
  if (!snapshot) {
    const isOff = z.object({ detail: z.string().regex(/SNAPSHOT_MAX/) }).safeParse(answer.json).success;
    return isOff ? notChecked("SNAPSHOT_MAX is 0") : heldIf(false, `${answer.status}: ${problemText(answer.json)}`);
  }
  try {
    return await scene.within("snapshot", async ({ source, head, base }) => {
      const newest = (await scene.remote.branches(base ?? "")).get(base ?? "");
      const where = head === newest ? "newest commit" : "not the newest commit";
      return heldIf(
        source === "snapshot" && head === newest,
        `${answer.status} ${snapshot.state}, then source ${source}, ${where}`,
      );
    });
  } finally {
    // A snapshot that existed before stays in use, made anew; snapshots of other repositories are left alone.
    const isOfRepository = ({ repository }: { readonly repository: string }) => repository === snapshot.repository;
    const ours = before.some(isOfRepository) ? [] : (await snapshotsOf(scene)).filter(isOfRepository);
    for (const { snapshot_id: id } of ours) await scene.request("DELETE", `/v1/snapshots/${id}`);
  }
}
