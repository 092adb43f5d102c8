import type { OwnedView } from "../durable/sandboxes/view.ts";
import type { PageEnd, PageFilter } from "../durable/storage/row.ts";
import { WarmtreeError } from "../errors.ts";
import { notFound, poolOf, pools } from "./pool.ts";
import { wireView, type WorkspaceView } from "./wire.ts";
import type { PoolClientContext } from "./caller.ts";

/** A workspace on the wire, with its tenant. */
export interface OwnedWorkspaceView extends WorkspaceView {
  readonly tenant: string;
  readonly tier?: NonNullable<OwnedView["tier"]>;
}

export interface WorkspacePage {
  readonly workspaces: readonly OwnedWorkspaceView[];
  readonly cursor?: string;
}

export interface PageRequest extends Partial<PageFilter> {
  readonly limit: number;
  readonly cursor?: string;
}

/** Page start: sorts before every workspace. */
const START: PageEnd = { lastUsedAt: Number.MAX_SAFE_INTEGER, sandboxId: "" };

/** Wire format of a PageEnd. */
const CURSOR = /^(\d{1,16})\.(s\d{1,4}-[0-9a-z]{20})$/;

/**
 * Lists a page of the workspaces of all tenants, last used first. A workspace used between two pages moves to the
 * front.
 * @throws invalid_input for an unknown cursor
 */
export async function pageOfWorkspaces(
  caller: PoolClientContext,
  { limit, cursor, tenant = "", text = "" }: PageRequest,
): Promise<WorkspacePage> {
  const filter = { tenant, text };
  const after = cursor === undefined ? START : pageEnd(cursor);
  const found = (await Promise.all(pools(caller).map((shard) => shard.workspaces({ after, limit, filter })))).flat();
  const page = found.sort(lastUsedFirst).slice(0, limit);
  const last = page.at(-1);
  // A shard with more workspaces has returned `limit` of them.
  const more = last && found.length >= limit ? { cursor: `${last.lastUsedAt}.${last.sandboxId}` } : {};
  return { workspaces: page.map(ownedView), ...more };
}

function lastUsedFirst(a: PageEnd, b: PageEnd): number {
  return b.lastUsedAt - a.lastUsedAt || (a.sandboxId < b.sandboxId ? 1 : -1);
}

function pageEnd(cursor: string): PageEnd {
  const [, lastUsedAt, sandboxId] = CURSOR.exec(cursor) ?? [];
  if (sandboxId !== undefined) return { lastUsedAt: Number(lastUsedAt), sandboxId };
  throw new WarmtreeError("invalid_input", "cursor is not the end of a page of this list.", { field: "cursor" });
}

/**
 * Returns one workspace with its tenant, without resuming it.
 * @throws workspace_not_found
 */
export async function anyWorkspace(caller: PoolClientContext, sandboxId: string): Promise<OwnedWorkspaceView> {
  const view = await poolOf(caller, sandboxId).workspace(sandboxId);
  if (!view) throw notFound();
  return ownedView(view);
}

function ownedView(view: OwnedView): OwnedWorkspaceView {
  return { ...wireView(view), tenant: view.tenant, ...(view.tier && { tier: view.tier }) };
}
