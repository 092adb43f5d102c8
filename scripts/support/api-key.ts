import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { signerOf } from "../../src/signing/signer.ts";

/** 256 bits cannot be guessed, so a plain hash of the key needs no salt and no stretching. */
const KEY_BYTES = 32;

/** Returns a new key that seals leases of the broker, in the form of LEASE_KEY. */
export const newLeaseKey = (): string => randomBytes(KEY_BYTES).toString("base64");

/** Returns a new API key of a tenant, and its entry for API_KEYS. */
export function newKey(tenant: string): { key: string; entry: string } {
  // The prefix lets people and secret scanners recognise the key.
  const key = `wt_${randomBytes(KEY_BYTES).toString("base64url")}`;
  return { key, entry: `${tenant}=${createHash("sha256").update(key).digest("hex")}` };
}

/** Returns a new key that signs commits, as SIGNING_KEY has it, and its public half, as GitHub and GitLab want it. */
export async function newSigningKey(): Promise<{ key: string; publicKey: string }> {
  const bytes = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "der" });
  return { key: bytes.toString("base64"), publicKey: (await signerOf(new Uint8Array(bytes))).publicKey };
}
