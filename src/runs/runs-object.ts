import { WarmtreeError } from "../errors.ts";
import { runShardOf, shardOfRun } from "../pool/run-id.ts";
import type { Caller, PoolClientContext } from "../workspace/caller.ts";

/** Creates the error for a run that a tenant does not have. */
export const noRun = () => new WarmtreeError("not_found", "There is no such run, or its results are deleted.");

/** Returns the stub of one shard of the runs, and counts the call. */
export function runsShard(caller: PoolClientContext, shard: number) {
  caller.cost.objectCalls++;
  return caller.env.RUNS.getByName(String(shard));
}

/** Returns the shard that holds a run. @throws not_found */
export function runsOf(caller: PoolClientContext, run: string) {
  const shard = shardOfRun(run);
  if (shard === undefined || shard >= caller.config.poolShards) throw noRun();
  return runsShard(caller, shard);
}

/** Returns the shard of a tenant's runs. */
export const runsOfTenant = (caller: Pick<Caller, "tenant"> & PoolClientContext) =>
  runsShard(caller, runShardOf(caller.tenant, caller.config.poolShards));
