import { shardFor } from "./handle.ts";

/** `r<shard>-<32 hex digits>`: a run's id has 122 random bits and names the shard that holds it. */
export const RUN_ID = /^r(\d{1,4})-[0-9a-f]{32}$/;

/** Shard of a tenant's runs, and of its answers to requests with an Idempotency-Key. */
export const runShardOf = (tenant: string, shards: number): number => shardFor(tenant, "", shards);

export const newRunId = (tenant: string, shards: number): string =>
  `r${runShardOf(tenant, shards)}-${crypto.randomUUID().replaceAll("-", "")}`;

/** Returns the shard in the id of a run; undefined if the text is no id. */
export function shardOfRun(run: string): number | undefined {
  const shard = RUN_ID.exec(run)?.[1];
  return shard === undefined ? undefined : Number(shard);
}
