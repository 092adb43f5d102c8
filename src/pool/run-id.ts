import { shardFor } from "./handle.ts";

/** Pattern of a run's id, `r<shard>-<32 hex digits>`. It cannot be guessed, and encodes the shard of the run. */
const RUN_ID = /^r(\d{1,4})-[0-9a-f]{32}$/;

/** Returns the shard of a tenant's runs, and of its answers to requests with an Idempotency-Key. */
export const runShardOf = (tenant: string, shards: number): number => shardFor(tenant, "", shards);

/** Returns the id of a new run. @param digits 32 hex digits that cannot be guessed */
export const runId = (tenant: string, shards: number, digits = crypto.randomUUID().replaceAll("-", "")): string =>
  `r${runShardOf(tenant, shards)}-${digits}`;

/** Returns the shard encoded in the id of a run; undefined if the text is not an id. */
export function shardOfRun(run: string): number | undefined {
  const shard = RUN_ID.exec(run)?.[1];
  return shard === undefined ? undefined : Number(shard);
}
