import type { Caller } from "./caller.ts";
import type { Refusal } from "../durable/sandboxes/refusal.ts";
import type { Grant, Seed } from "../durable/sandboxes/grant.ts";
import type { Loss } from "../durable/sandboxes/loss.ts";
import type { View } from "../durable/sandboxes/view.ts";
import { WarmtreeError, type Work } from "../errors.ts";
import { grants } from "./grant-cache.ts";
import { recorder } from "../metrics/recorder.ts";
import { shardFor, shardOf } from "../pool/handle.ts";
import type { State } from "../pool/reconcile.ts";
import type { Repository } from "../remote/address.ts";
import { UNTOUCHED } from "../ops/work.ts";

/** A workspace on the wire; times in RFC 3339. */
export interface WorkspaceView {
  readonly sandbox_id: string;
  readonly repository: string;
  readonly agent_id?: string;
  readonly task_id?: string;
  readonly state: State;
  readonly created_at: string;
  readonly last_used_at: string;
  readonly pauses_at?: string;
  readonly unpushed?: boolean;
  readonly drops_at?: string;
  readonly lost?: WireLoss;
}

/** What a workspace has lost, on the wire; times in RFC 3339. */
export interface WireLoss {
  readonly since: string;
  readonly head?: string;
  readonly unpushed: boolean | "unknown";
}

export const notFound = () =>
  new WarmtreeError(
    "workspace_not_found",
    "There is no such workspace. clone answers a sandbox_id; GET /v1/workspaces lists yours.",
  );

type Asking = Pick<Caller, "env" | "config" | "cost">;

/** One shard of the pool. */
export function pool(caller: Asking, shard: number) {
  caller.cost.objectCalls++;
  return caller.env.SANDBOX_POOL.getByName(String(shard));
}

/** The shard that a handle names; a handle of a shard that does not exist is a handle of nothing. */
export function poolOf(caller: Asking, sandboxId: string) {
  const shard = shardOf(sandboxId);
  if (shard === undefined || shard >= caller.config.poolShards) throw notFound();
  return pool(caller, shard);
}

/** The shard that a tenant's repository is in. */
export function poolFor(caller: Caller, repository: Repository) {
  return pool(caller, shardFor(caller.tenant, repository.key, caller.config.poolShards));
}

/** What a shard refused, as the error that a caller gets. */
export function refused({ code, detail, retryAfterS }: Refusal): WarmtreeError {
  return new WarmtreeError(code, detail, retryAfterS === undefined ? {} : { retryAfterS });
}

/** Without a sandbox nothing was done; of a tree that E2B lost, or brought back older, nobody knows more than that. */
export function notGranted(refusal: Refusal): WarmtreeError {
  const { code, message, details } = refused(refusal);
  const isTreeLost = code === "workspace_gone" || code === "workspace_rolled_back";
  const work: Work = isTreeLost ? { pushed: false, tree: "unknown" } : UNTOUCHED;
  return new WarmtreeError(code, message, { ...details, work });
}

/** A grant of the pool, noted; a refusal is thrown. */
export function granted(caller: Caller, answer: Grant | Refusal): Grant {
  if (!answer.ok) throw notGranted(answer);
  const { sandboxId, source } = answer;
  recorder.increment(caller, "warmtree_claims_total", { source });
  caller.cost.given = { sandboxId, source };
  grants.note(caller.tenant, answer, Date.now());
  return answer;
}

/**
 * The workspace of (tenant, repository, agent, task), made if there is none.
 * @param onSeed told, while its sandbox starts from a repository snapshot, of the clone in that
 */
export async function claimWorkspace(
  caller: Caller,
  repository: Repository,
  agentId: string,
  taskId: string,
  onSeed: (seed: Seed) => void,
): Promise<Grant> {
  const { tenant } = caller;
  const request = { tenant, repository: repository.key, url: repository.url, agentId, taskId };
  return granted(caller, await poolFor(caller, repository).claim(request, async (seed) => onSeed(seed)));
}

/**
 * The sandbox of a workspace: at once the one that was granted a moment ago, or what the pool says.
 * @param lost the generation of a grant whose sandbox turned out not to run
 */
export async function useWorkspace(caller: Caller, sandboxId: string, lost?: number): Promise<Grant> {
  const { tenant } = caller;
  if (lost !== undefined) grants.revoke(tenant, sandboxId, Date.now(), lost);
  const known = grants.find(tenant, sandboxId, Date.now());
  if (known) {
    caller.waitUntil(touch(caller, known));
    return granted(caller, known);
  }
  const request = { tenant, sandboxId, ...(lost === undefined ? {} : { lost }) };
  return granted(caller, await poolOf(caller, sandboxId).use(request));
}

/** Tells the pool of a use. Where that does not hold with the grant, or fails, whoever comes next waits for the pool. */
async function touch(caller: Caller, grant: Grant): Promise<void> {
  const { tenant } = caller;
  const { sandboxId, generation } = grant;
  // In a turn of its own: first the operation goes on its way.
  await new Promise((resolve) => setTimeout(resolve));
  const holds = await poolOf(caller, sandboxId)
    .touch({ tenant, sandboxId, generation })
    .catch(() => false);
  if (!holds) grants.revoke(tenant, sandboxId, Date.now(), generation);
}

/** Every shard of the pool. */
export function pools(caller: Asking) {
  return Array.from({ length: caller.config.poolShards }, (_, shard) => pool(caller, shard));
}

/** All of the tenant's workspaces, last used first. */
export async function listWorkspaces(caller: Caller): Promise<WorkspaceView[]> {
  const views = (await Promise.all(pools(caller).map((shard) => shard.list(caller.tenant)))).flat();
  return views.sort((a, b) => b.lastUsedAt - a.lastUsedAt).map(wireView);
}

/** Looking at a workspace opens it: if it is paused, its sandbox is resumed meanwhile. */
export async function getWorkspace(caller: Caller, sandboxId: string): Promise<WorkspaceView> {
  const view = await poolOf(caller, sandboxId).view({ tenant: caller.tenant, sandboxId, open: true });
  if (!view) throw notFound();
  return wireView(view);
}

/**
 * Whoever comes back does so mostly within a day; after that they more often begin something new, and a sandbox resumed
 * ahead of them would be paid for nothing.
 */
const RETURNS_WITHIN_MS = 24 * 60 * 60 * 1000;

/**
 * A session begins: its workspace is resumed ahead of the first operation, if it is paused. Without a name that is the
 * tenant's last used one, within a day. A name that is nobody's opens nothing.
 */
export async function openSession(caller: Caller, named?: string): Promise<void> {
  const { tenant } = caller;
  const sandboxId = named ?? (await leftLately(caller)) ?? "";
  const shard = shardOf(sandboxId) ?? Infinity;
  if (shard < caller.config.poolShards) await pool(caller, shard).view({ tenant, sandboxId, open: true });
}

async function leftLately(caller: Caller): Promise<string | undefined> {
  const last = await Promise.all(pools(caller).map((shard) => shard.lastUsed(caller.tenant)));
  const [newest] = last.filter((view) => view !== undefined).sort((a, b) => b.lastUsedAt - a.lastUsedAt);
  const lately = newest?.state === "paused" && Date.now() - newest.lastUsedAt < RETURNS_WITHIN_MS;
  return lately ? newest.sandboxId : undefined;
}

/** The session ends: the sandbox is paused now and costs nothing until the next use. */
export async function pauseWorkspace(caller: Caller, sandboxId: string): Promise<void> {
  grants.revoke(caller.tenant, sandboxId, Date.now());
  const refusal = await poolOf(caller, sandboxId).pause({ tenant: caller.tenant, sandboxId });
  if (refusal) throw refused(refusal);
}

export async function endWorkspace(caller: Caller, sandboxId: string): Promise<void> {
  grants.revoke(caller.tenant, sandboxId, Date.now());
  if (!(await poolOf(caller, sandboxId).end({ tenant: caller.tenant, sandboxId }))) throw notFound();
}

const rfc3339 = (timeMs: number) => new Date(timeMs).toISOString();

export function wireView(view: View): WorkspaceView {
  return {
    sandbox_id: view.sandboxId,
    repository: view.repository,
    ...(view.agentId ? { agent_id: view.agentId } : {}),
    ...(view.taskId ? { task_id: view.taskId } : {}),
    state: view.state,
    created_at: rfc3339(view.createdAt),
    last_used_at: rfc3339(view.lastUsedAt),
    ...(view.pausesAt === undefined ? {} : { pauses_at: rfc3339(view.pausesAt) }),
    ...(view.unpushed === undefined ? {} : { unpushed: view.unpushed }),
    ...(view.dropsAt === undefined ? {} : { drops_at: rfc3339(view.dropsAt) }),
    ...(view.loss === undefined ? {} : { lost: wireLoss(view.loss) }),
  };
}

export function wireLoss({ at, head, unpushed }: Loss): WireLoss {
  return { since: rfc3339(at), ...(head === undefined ? {} : { head }), unpushed: unpushed ?? "unknown" };
}
