/**
 * Pattern of a `sandbox_id`, our handle of a workspace: `s<shard>-<20 characters>`. It outlives the E2B sandbox, which
 * may be replaced, and encodes the pool shard. The random part has 100 bits, so it cannot be guessed; ownership is
 * checked all the same.
 */
export const SANDBOX_ID = /^s(\d{1,4})-[0-9a-z]{20}$/;

/** Crockford's base 32: no letters that look like digits. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const RANDOM_LENGTH = 20;

/** Generates a `sandbox_id` of a shard. */
export function newSandboxId(
  shard: number,
  random: Uint8Array = crypto.getRandomValues(new Uint8Array(RANDOM_LENGTH)),
): string {
  let text = "";
  for (const byte of random) text += ALPHABET[byte % ALPHABET.length];
  return `s${shard}-${text}`;
}

/** Returns the shard encoded in a handle; undefined if the text is not a handle. */
export function shardOf(sandboxId: string): number | undefined {
  const shard = SANDBOX_ID.exec(sandboxId)?.[1];
  return shard === undefined ? undefined : Number(shard);
}

/**
 * Returns the shard of a tenant's repository: FNV-1a over UTF-8. Cheap, spreads short keys evenly, and is the same
 * everywhere.
 */
export function shardFor(tenant: string, repository: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${tenant}\0${repository}`)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash % shards;
}
