import { createHash, randomBytes } from "node:crypto";

/** 256 bits: nobody guesses it, so a plain hash of it needs no salt and no stretching. */
const KEY_BYTES = 32;

/** A new key that seals leases of the broker, as LEASE_KEY has it. */
export const newLeaseKey = (): string => randomBytes(KEY_BYTES).toString("base64");

/** A new API key of a tenant, and its entry for API_KEYS. */
export function newKey(tenant: string): { key: string; entry: string } {
  // The prefix lets people and secret scanners tell what it is.
  const key = `wt_${randomBytes(KEY_BYTES).toString("base64url")}`;
  return { key, entry: `${tenant}=${createHash("sha256").update(key).digest("hex")}` };
}
