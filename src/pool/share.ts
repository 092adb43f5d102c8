/** Returns this shard's share of a total over all shards; the first shards take the remainder. */
export function shareOf(total: number, shards: number, shard: number): number {
  return Math.floor(total / shards) + (shard < total % shards ? 1 : 0);
}
