import type { View } from "../durable/sandboxes/view.ts";
import { shardOf } from "../pool/handle.ts";
import type { Caller } from "./caller.ts";
import { knownGrants } from "./grant-cache.ts";
import { notFound, pool, poolOf, pools, refused } from "./pool.ts";
import { type WorkspaceView, wireView } from "./wire.ts";

/** Lists the tenant's workspaces, last used first. */
export async function listWorkspaces(caller: Caller): Promise<WorkspaceView[]> {
  const views = (await Promise.all(pools(caller).map((shard) => shard.list(caller.tenant)))).flat();
  return views.sort((a, b) => b.lastUsedAt - a.lastUsedAt).map(wireView);
}

/**
 * Returns a workspace and opens a session: a paused sandbox is resumed in the background.
 * @throws workspace_not_found
 */
export async function getWorkspace(caller: Caller, sandboxId: string): Promise<WorkspaceView> {
  const view = await poolOf(caller, sandboxId).view({ tenant: caller.tenant, sandboxId, open: true });
  if (!view) throw notFound();
  return wireView(view);
}

/** Returns a workspace without opening a session; undefined: the tenant has no workspace of that id. */
export function ownView(caller: Caller, sandboxId: string): Promise<View | undefined> {
  return poolOf(caller, sandboxId).view({ tenant: caller.tenant, sandboxId, open: false });
}

/**
 * Pre-resume window in ms. Most sessions return within a day; later ones usually start a new task, so resuming would
 * waste money.
 */
const RETURNS_WITHIN_MS = 24 * 60 * 60 * 1000;

/**
 * Opens a session: resumes its paused workspace ahead of the first operation. Without `named` this is the tenant's most
 * recently used workspace, if paused and used within a day. An unknown name has no effect.
 */
export async function openSession(caller: Caller, named?: string): Promise<void> {
  const { tenant } = caller;
  const sandboxId = named ?? (await lastPaused(caller)) ?? "";
  const shard = shardOf(sandboxId) ?? Infinity;
  if (shard < caller.config.poolShards) await pool(caller, shard).view({ tenant, sandboxId, open: true });
}

async function lastPaused(caller: Caller): Promise<string | undefined> {
  const last = await Promise.all(pools(caller).map((shard) => shard.lastUsed(caller.tenant)));
  const [newest] = last.filter((view) => view !== undefined).sort((a, b) => b.lastUsedAt - a.lastUsedAt);
  const lately = newest?.state === "paused" && Date.now() - newest.lastUsedAt < RETURNS_WITHIN_MS;
  return lately ? newest.sandboxId : undefined;
}

/**
 * Ends a session: pauses the sandbox now; it costs nothing until the next use.
 * @throws workspace_not_found, workspace_gone or workspace_busy
 */
export async function pauseWorkspace(caller: Caller, sandboxId: string): Promise<void> {
  knownGrants.revoke(caller.tenant, sandboxId, Date.now());
  const refusal = await poolOf(caller, sandboxId).pause({ tenant: caller.tenant, sandboxId });
  if (refusal) throw refused(refusal);
}

/**
 * Ends a workspace and its sandbox.
 * @throws workspace_not_found
 */
export async function endWorkspace(caller: Caller, sandboxId: string): Promise<void> {
  knownGrants.revoke(caller.tenant, sandboxId, Date.now());
  if (!(await poolOf(caller, sandboxId).end({ tenant: caller.tenant, sandboxId }))) throw notFound();
}
