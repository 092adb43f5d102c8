/** This shard's part of a number that all shards together may have; the first ones take what does not divide. */
export function shareOf(total: number, shards: number, shard: number): number {
  return Math.floor(total / shards) + (shard < total % shards ? 1 : 0);
}
