import { shardFor } from "./handle.ts";

/** `r<shard>-<32 hex digits>`: a run's id cannot be guessed, and names the shard that holds it. */
const RUN_ID = /^r(\d{1,4})-[0-9a-f]{32}$/;

/** Shard of a tenant's runs, and of its answers to requests with an Idempotency-Key. */
export const runShardOf = (tenant: string, shards: number): number => shardFor(tenant, "", shards);

/** @param digits 32 hex digits, which nobody can guess */
export const runId = (tenant: string, shards: number, digits = crypto.randomUUID().replaceAll("-", "")): string =>
  `r${runShardOf(tenant, shards)}-${digits}`;

/** Returns the shard in the id of a run; undefined if the text is no id. */
export function shardOfRun(run: string): number | undefined {
  const shard = RUN_ID.exec(run)?.[1];
  return shard === undefined ? undefined : Number(shard);
}
