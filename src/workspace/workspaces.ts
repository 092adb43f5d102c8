import type { Caller, PoolClientContext } from "./caller.ts";
import type { Refusal } from "../durable/sandboxes/refusal.ts";
import type { Grant, Seed } from "../durable/sandboxes/grant.ts";
import { bundlePath, type Loss, type Saved } from "../durable/sandboxes/loss.ts";
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
  readonly saved?: WireSaved;
}

/** Saved work on the wire. */
interface WireSaved {
  readonly at: string;
  readonly bytes: number;
  readonly until: string;
}

/** A workspace's loss on the wire; times in RFC 3339. */
export interface WireLoss {
  readonly since: string;
  readonly head?: string;
  readonly unpushed: boolean | "unknown";
  /** Path of the route that answers what was saved. */
  readonly bundle?: string;
}

/** Creates the error workspace_not_found. */
export const notFound = () =>
  new WarmtreeError(
    "workspace_not_found",
    "There is no such workspace. clone answers a sandbox_id; GET /v1/workspaces lists yours.",
  );

/** Returns the stub of one pool shard, and counts the call. */
export function pool(caller: PoolClientContext, shard: number) {
  caller.cost.objectCalls++;
  return caller.env.SANDBOX_POOL.getByName(String(shard));
}

/**
 * Returns the pool shard encoded in a sandbox_id.
 * @throws workspace_not_found for an unknown shard
 */
export function poolOf(caller: PoolClientContext, sandboxId: string) {
  const shard = shardOf(sandboxId);
  if (shard === undefined || shard >= caller.config.poolShards) throw notFound();
  return pool(caller, shard);
}

/** Returns the shard of a tenant's repository. */
export function poolFor(caller: Caller, repository: Repository) {
  return pool(caller, shardFor(caller.tenant, repository.key, caller.config.poolShards));
}

/** Converts a pool refusal to the caller's error. */
export function refused({ code, detail, retryAfterS, limit }: Refusal): WarmtreeError {
  return new WarmtreeError(code, detail, {
    ...(retryAfterS !== undefined && { retryAfterS }),
    ...(limit && { limit }),
  });
}

/**
 * Converts a refused grant to the caller's error, with its effect on the work: none, unless the tree is lost or rolled
 * back.
 */
export function notGranted(refusal: Refusal): WarmtreeError {
  const { code, message, details } = refused(refusal);
  const isTreeLost = code === "workspace_gone" || code === "workspace_rolled_back";
  const work: Work = isTreeLost ? { pushed: false, tree: "unknown" } : UNTOUCHED;
  return new WarmtreeError(code, message, { ...details, work });
}

/** Unwraps the pool's answer: records the grant, or throws the refusal. */
export function granted(caller: Caller, answer: Grant | Refusal): Grant {
  if (!answer.ok) throw notGranted(answer);
  const { sandboxId, source, repository, agentId } = answer;
  recorder.increment(caller, "warmtree_claims_total", { source });
  caller.cost.given = { sandboxId, source, ...boundTo(repository, agentId) };
  grants.note(caller.tenant, answer, Date.now());
  return answer;
}

const boundTo = (repository: string, agentId: string) => ({ repository, ...(agentId !== "" && { agentId }) });

/**
 * Claims the workspace of (tenant, repository, agent, task); creates one if there is none.
 * @param onSeed receives the base clone while the sandbox starts from a repository snapshot
 * @throws budget_exhausted, sandbox_unavailable, rate_limited or workspace_gone
 */
export async function claimWorkspace(
  caller: Caller,
  repository: Repository,
  agentId: string,
  taskId: string,
  onSeed: (seed: Seed) => void,
): Promise<Grant> {
  const { tenant } = caller;
  // Before the claim, which may be refused.
  caller.cost.given = boundTo(repository.key, agentId);
  const request = { tenant, repository: repository.key, url: repository.url, agentId, taskId };
  return granted(caller, await poolFor(caller, repository).claim(request, async (seed) => onSeed(seed)));
}

/**
 * Returns the sandbox of a workspace: from the cache if granted recently, otherwise from the pool, which resumes it if
 * paused.
 * @param lost generation of a grant whose sandbox turned out not to run
 * @throws workspace_not_found, workspace_gone, workspace_rolled_back, sandbox_unavailable or rate_limited
 * @example
 * const grant = await useWorkspace(caller, "s0-4k7m2x9qwe3rty5zpbna");
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

/**
 * Records a use at the pool. If the grant is no longer valid, or the call fails, the next operation waits for the pool.
 */
async function touch(caller: Caller, grant: Grant): Promise<void> {
  const { tenant } = caller;
  const { sandboxId, generation } = grant;
  // In a later turn of the event loop, so that the operation is sent first.
  await new Promise((resolve) => setTimeout(resolve));
  const holds = await poolOf(caller, sandboxId)
    .touch({ tenant, sandboxId, generation })
    .catch(() => false);
  if (!holds) grants.revoke(tenant, sandboxId, Date.now(), generation);
}

/** Returns the stubs of all pool shards. */
export function pools(caller: PoolClientContext) {
  return Array.from({ length: caller.config.poolShards }, (_, shard) => pool(caller, shard));
}

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

/** Returns a workspace without opening a session; undefined: the tenant has none of that id. */
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
  grants.revoke(caller.tenant, sandboxId, Date.now());
  const refusal = await poolOf(caller, sandboxId).pause({ tenant: caller.tenant, sandboxId });
  if (refusal) throw refused(refusal);
}

/**
 * Ends a workspace and its sandbox.
 * @throws workspace_not_found
 */
export async function endWorkspace(caller: Caller, sandboxId: string): Promise<void> {
  grants.revoke(caller.tenant, sandboxId, Date.now());
  if (!(await poolOf(caller, sandboxId).end({ tenant: caller.tenant, sandboxId }))) throw notFound();
}

const rfc3339 = (timeMs: number) => new Date(timeMs).toISOString();

/** Converts a workspace to its wire format. */
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
    ...(view.saved === undefined ? {} : { saved: wireSaved(view.saved) }),
  };
}

function wireSaved({ at, bytes, until }: Saved): WireSaved {
  return { at: rfc3339(at), bytes, until: rfc3339(until) };
}

/** Converts a loss to its wire format. */
export function wireLoss({ at, head, unpushed, savedAs }: Loss): WireLoss {
  return {
    since: rfc3339(at),
    ...(head === undefined ? {} : { head }),
    unpushed: unpushed ?? "unknown",
    ...(savedAs === undefined ? {} : { bundle: bundlePath(savedAs) }),
  };
}
