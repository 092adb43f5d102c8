import * as z from "zod/v4";
import { diff } from "../../src/ops/diff.ts";
import { edit } from "../../src/ops/edit.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { read } from "../../src/ops/read.ts";
import { status } from "../../src/ops/status.ts";
import { healthSchema } from "../../src/api/schemas.ts";
import { heldIf } from "../verification/check.ts";
import type { Theme } from "../verification/check.ts";
import type { Scene } from "./scene.ts";

const WITHIN_S = 180;
const TEXT = "written by npm run verify: ü\n";

/** The main job over HTTP, step by step in one workspace. */
export const job: Theme<Scene> = {
  name: "main job",
  checks: [
    {
      name: "health",
      expects: "/healthz answers 200: the settings are right",
      look: async (scene) => {
        const answer = await scene.request("GET", "/healthz");
        return heldIf(answer.status === 200 && healthSchema.safeParse(answer.json).success, String(answer.status));
      },
    },
    {
      name: "no key",
      expects: "a call with a wrong key is refused with 401",
      look: async (scene) => {
        const answer = await scene.request("GET", "/v1/workspaces", undefined, `wrong-${scene.nonce}`);
        return heldIf(answer.status === 401, String(answer.status));
      },
    },
    {
      name: "clone",
      expects: "a workspace on the agent's own branch, at the newest commit of its base",
      withinS: WITHIN_S,
      look: async (scene) => {
        const { branch, base, head, source, created } = await scene.main();
        const remote = (await scene.remote.branches(base ?? "")).get(base ?? "");
        const isOwn = branch?.includes(scene.nonce) === true && created;
        return heldIf(
          isOwn && head === remote,
          `${isOwn ? "own branch" : String(branch)}, ${where(head === remote)} of ${base}, ${source}`,
        );
      },
    },
    {
      name: "edit and status",
      expects: "two files written, and told as new",
      look: async (scene) => {
        const { sandbox_id } = await scene.main();
        const paths = [fileOf(scene), `${fileOf(scene)} 2`];
        const files = paths.map((path) => ({ path, content: TEXT }));
        const { changed } = await scene.must("edit", { sandbox_id, files }, edit.output);
        const { untracked } = await scene.must("status", { sandbox_id }, status.output);
        const isTold = untracked.join() === paths.join();
        return heldIf(changed.length === 2 && isTold, `${changed.length} changed, ${untracked.length} untracked`);
      },
    },
    {
      name: "read and diff",
      expects: "the bytes as they were written, in both",
      look: async (scene) => {
        const { sandbox_id } = await scene.main();
        const { content } = await scene.must("read", { sandbox_id, path: fileOf(scene) }, read.output);
        const { diff: text } = await scene.must("diff", { sandbox_id }, diff.output);
        const isShown = text.includes(`+${TEXT}`);
        return heldIf(
          content === TEXT && isShown,
          `read ${content === TEXT ? "the same" : "others"}, ${isShown ? "" : "not "}in the diff`,
        );
      },
    },
    {
      name: "push",
      expects: "committed and pushed; plain git finds that commit on the branch",
      withinS: WITHIN_S,
      look: async (scene) => {
        const { sandbox_id, branch } = await scene.main();
        const { commit, pushed } = await scene.must("push", { sandbox_id, message: "verify: push" }, push.output);
        const held = (await scene.remote.branches(scene.nonce)).get(branch ?? "");
        return heldIf(
          pushed && held === commit,
          `pushed ${pushed}, the remote has ${held === commit ? "it" : String(held)}`,
        );
      },
    },
    {
      name: "push again",
      expects: "nothing to commit: the same commit, and pushed is false",
      look: async (scene) => {
        const { sandbox_id, branch } = await scene.main();
        const before = (await scene.remote.branches(scene.nonce)).get(branch ?? "");
        const { commit, pushed, committed } = await scene.must("push", { sandbox_id }, push.output);
        return heldIf(
          !pushed && !committed && commit === before,
          `pushed ${pushed}, ${commit === before ? "same" : "another"} commit`,
        );
      },
    },
    {
      name: "pull",
      expects: "brings what another workspace pushed to the branch",
      withinS: WITHIN_S,
      look: async (scene) => {
        const { sandbox_id, branch } = await scene.main();
        const path = `${fileOf(scene)} of another`;
        const theirs = await scene.within("other", async (other) => {
          await scene.must("edit", { ...idOf(other), files: [{ path, content: TEXT }] }, edit.output);
          const asked = { ...idOf(other), message: "verify: from another", to: branch };
          return (await scene.must("push", asked, push.output)).commit;
        });
        const { head } = await scene.must("pull", { sandbox_id, from: branch }, pull.output);
        const { content } = await scene.must("read", { sandbox_id, path }, read.output);
        return heldIf(
          head === theirs && content === TEXT,
          `${head === theirs ? "their" : "another"} commit, ${content === TEXT ? "their" : "another"} file`,
        );
      },
    },
    {
      name: "bad input",
      expects: "400 that names the field",
      look: async (scene) => {
        const { status: code, json } = await scene.call("status", { sandbox_id: "../other" });
        const told = z.object({ code: z.string(), field: z.string() }).safeParse(json).data;
        return heldIf(code === 400 && told?.field === "sandbox_id", `${code}, ${told?.code} of ${told?.field}`);
      },
    },
  ],
};

const fileOf = ({ nonce }: Scene) => `${nonce}.txt`;
const idOf = ({ sandbox_id }: { readonly sandbox_id: string }) => ({ sandbox_id });
const where = (isNewest: boolean) => (isNewest ? "newest commit" : "not the newest commit");
