import { TOOLS } from "../../src/mcp/tools.ts";
import { heldIf } from "../verification/check.ts";
import type { Theme } from "../verification/check.ts";
import type { Scene } from "./scene.ts";

const WITHIN_S = 180;

/** The main job with the official MCP client. */
export const mcp: Theme<Scene> = {
  name: "MCP",
  checks: [
    {
      name: "tools",
      expects: TOOLS.map(({ name }) => name).join(", "),
      look: async (scene) => {
        const { client } = await scene.mcp();
        const names = (await client.listTools()).tools.map(({ name }) => name).join(", ");
        await client.close();
        return heldIf(names === TOOLS.map(({ name }) => name).join(", "), names);
      },
    },
    {
      name: "main job",
      expects: "clone, edit, status, diff, push, pull; plain git finds the commit",
      withinS: WITHIN_S,
      look: async (scene) => {
        const { client, facts } = await scene.mcp();
        try {
          const { sandbox_id = "", branch } = await facts("git_clone", scene.cloneInput("mcp"));
          scene.keep(sandbox_id);
          const path = `${scene.nonce}-mcp.txt`;
          await facts("git_edit", { sandbox_id, files: [{ path, content: "over MCP\n" }] });
          const { untracked = [] } = await facts("git_status", { sandbox_id });
          const { diff } = await facts("git_diff", { sandbox_id });
          const { commit } = await facts("git_push", { sandbox_id, message: "verify: over MCP" });
          const { head } = await facts("git_pull", { sandbox_id });
          const held = (await scene.remote.branches(scene.nonce)).get(String(branch));
          const isSeen = untracked.includes(path) && String(diff).includes("+over MCP");
          return heldIf(
            isSeen && held === commit && head === commit,
            `${isSeen ? "edit seen" : "edit not seen"}, the remote has ${held === commit ? "it" : String(held)}`,
          );
        } finally {
          await client.close();
        }
      },
    },
  ],
};
