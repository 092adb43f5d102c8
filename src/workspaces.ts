import * as z from "zod/v4";
import type { Config } from "./config.ts";
import type { Refusal } from "./durable/outcome.ts";
import type { Grant } from "./durable/SandboxPool.ts";
import type { View } from "./durable/view.ts";
import { WarmtreeError } from "./errors.ts";
import { shardFor, shardOf } from "./pool/handle.ts";
import { STATES } from "./pool/reconcile.ts";
import type { Repository } from "./repository.ts";

/** Who calls, and what an operation needs of the Worker around it. Made by each door after its gate. */
export interface Caller {
  readonly tenant: string;
  /** The caller's own git credential (`X-Git-Token`), for this call only. */
  readonly gitToken?: string;
  readonly env: Env;
  readonly config: Config;
  /** For work that the answer does not wait for. */
  waitUntil(work: Promise<unknown>): void;
  /** Hears what git says on stderr while an operation runs, as it comes. */
  readonly onProgress?: (text: string) => void;
  /** Counts what the call cost, for `Server-Timing`. */
  readonly cost: { objectCalls: number; sandboxMs: number };
}

export const workspaceView = z.object({
  sandbox_id: z.string(),
  repository: z.string(),
  agent_id: z.string().optional(),
  task_id: z.string().optional(),
  state: z.enum(STATES),
  created_at: z.string().describe("RFC 3339"),
  last_used_at: z.string().describe("RFC 3339"),
  pauses_at: z.string().optional().describe("When it will be paused if nobody uses it; RFC 3339"),
});

export type WorkspaceView = z.output<typeof workspaceView>;

const notFound = () =>
  new WarmtreeError(
    "workspace_not_found",
    "There is no such workspace. clone answers a sandbox_id; GET /v1/workspaces lists yours.",
  );

function pool(caller: Caller, shard: number) {
  caller.cost.objectCalls++;
  return caller.env.SANDBOX_POOL.getByName(String(shard));
}

/** The shard that a handle names; a handle of a shard that does not exist is a handle of nothing. */
function poolOf(caller: Caller, sandboxId: string) {
  const shard = shardOf(sandboxId);
  if (shard === undefined || shard >= caller.config.poolShards) throw notFound();
  return pool(caller, shard);
}

function granted(answer: Grant | Refusal): Grant {
  if (answer.ok) return answer;
  const { code, detail, retryAfterS } = answer;
  throw new WarmtreeError(code, detail, retryAfterS === undefined ? {} : { retryAfterS });
}

/** The workspace of (tenant, repository, agent, task), made if there is none. */
export async function claimWorkspace(
  caller: Caller,
  repository: Repository,
  agentId: string,
  taskId: string,
): Promise<Grant> {
  const { tenant, config } = caller;
  const shard = shardFor(tenant, repository.key, config.poolShards);
  const request = { tenant, repository: repository.key, url: repository.url, agentId, taskId };
  return granted(await pool(caller, shard).claim(request));
}

/** @param lost the generation of a grant whose sandbox turned out not to run */
export async function useWorkspace(caller: Caller, sandboxId: string, lost?: number): Promise<Grant> {
  const request = { tenant: caller.tenant, sandboxId, ...(lost === undefined ? {} : { lost }) };
  return granted(await poolOf(caller, sandboxId).use(request));
}

/** All of the tenant's workspaces, last used first. */
export async function listWorkspaces(caller: Caller): Promise<WorkspaceView[]> {
  const shards = Array.from({ length: caller.config.poolShards }, (_, shard) => shard);
  const views = (await Promise.all(shards.map((shard) => pool(caller, shard).list(caller.tenant)))).flat();
  return views.sort((a, b) => b.lastUsedAt - a.lastUsedAt).map(wireView);
}

export async function getWorkspace(caller: Caller, sandboxId: string): Promise<WorkspaceView> {
  const view = await poolOf(caller, sandboxId).view({ tenant: caller.tenant, sandboxId });
  if (!view) throw notFound();
  return wireView(view);
}

export async function endWorkspace(caller: Caller, sandboxId: string): Promise<void> {
  if (!(await poolOf(caller, sandboxId).end({ tenant: caller.tenant, sandboxId }))) throw notFound();
}

const rfc3339 = (timeMs: number) => new Date(timeMs).toISOString();

function wireView(view: View): WorkspaceView {
  return {
    sandbox_id: view.sandboxId,
    repository: view.repository,
    ...(view.agentId ? { agent_id: view.agentId } : {}),
    ...(view.taskId ? { task_id: view.taskId } : {}),
    state: view.state,
    created_at: rfc3339(view.createdAt),
    last_used_at: rfc3339(view.lastUsedAt),
    ...(view.pausesAt === undefined ? {} : { pauses_at: rfc3339(view.pausesAt) }),
  };
}
