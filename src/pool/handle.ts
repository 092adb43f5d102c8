/**
 * A `sandbox_id` is our own handle of a workspace, `s<shard>-<20 characters>`: it outlives the E2B sandbox beneath it
 * (which may be replaced), and says which shard of the pool to ask. The random part has 100 bits: it cannot be guessed,
 * though ownership is checked all the same.
 */
export const SANDBOX_ID = /^s(\d{1,4})-[0-9a-z]{20}$/;

/** Crockford's base 32: no letters that look like digits. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const RANDOM_LENGTH = 20;

export function newSandboxId(
  shard: number,
  random: Uint8Array = crypto.getRandomValues(new Uint8Array(RANDOM_LENGTH)),
): string {
  let text = "";
  for (const byte of random) text += ALPHABET[byte % ALPHABET.length];
  return `s${shard}-${text}`;
}

/** The shard that a handle names, or undefined where it is no handle. */
export function shardOf(sandboxId: string): number | undefined {
  const shard = SANDBOX_ID.exec(sandboxId)?.[1];
  return shard === undefined ? undefined : Number(shard);
}

/** FNV-1a over UTF-8: cheap, spreads short keys evenly, and the same everywhere, which is all a shard needs. */
export function shardFor(tenant: string, repository: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${tenant}\0${repository}`)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash % shards;
}
