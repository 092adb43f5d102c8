import type { Refusal } from "../durable/sandboxes/refusal.ts";
import { WarmtreeError } from "../errors.ts";
import { shardFor, shardOf } from "../pool/handle.ts";
import type { Repository } from "../remote/address.ts";
import type { Caller, PoolClientContext } from "./caller.ts";

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

/** Returns the stubs of all pool shards. */
export function pools(caller: PoolClientContext) {
  return Array.from({ length: caller.config.poolShards }, (_, shard) => pool(caller, shard));
}

/** Converts a pool refusal to the caller's error. */
export function refused({ code, detail, retryAfterS, limit }: Refusal): WarmtreeError {
  return new WarmtreeError(code, detail, {
    ...(retryAfterS !== undefined && { retryAfterS }),
    ...(limit && { limit }),
  });
}
