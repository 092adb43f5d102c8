import { archiveOf, type SavedWork } from "../archive/archive.ts";
import { streamedWork } from "../archive/streamed-work.ts";
import { WarmtreeError } from "../errors.ts";
import { unpushedWork } from "../ops/probes/unpushed-work.ts";
import type { Caller } from "../workspace/caller.ts";
import { ownView } from "../workspace/workspaces.ts";
import { useWorkspace } from "../workspace/grants.ts";
import { dispatch } from "./dispatch.ts";

/**
 * Returns the unpushed work of a workspace as a tar: made now, which counts as a use, or saved before the end of a
 * dropped workspace.
 * @throws nothing_unpushed, workspace_gone if nothing was saved, and the codes of useWorkspace and dispatch
 */
export async function workOf(caller: Caller, sandboxId: string): Promise<SavedWork> {
  const grant = await useWorkspace(caller, sandboxId).catch(async (error: unknown) => {
    const saved = isGone(error) ? await savedWork(caller, sandboxId) : undefined;
    if (!saved) throw error;
    return saved;
  });
  if ("body" in grant) return grant;
  const { begun, ended } = streamedWork((request) => dispatch(unpushedWork, request, grant, caller));
  caller.waitUntil(ended);
  const parsed = await begun;
  if (!parsed.ok) throw parsed.error;
  return parsed.value;
}

const isGone = (error: unknown) => error instanceof WarmtreeError && error.code === "workspace_gone";

async function savedWork(caller: Caller, sandboxId: string): Promise<SavedWork | undefined> {
  const { tenant } = caller;
  const isSaved = (await ownView(caller, sandboxId))?.saved !== undefined;
  return isSaved ? archiveOf(caller.env)?.get({ tenant, sandboxId }) : undefined;
}
