import { CompactEncrypt, compactDecrypt } from "jose";
import * as z from "zod/v4";

/** The two halves of git's smart HTTP. */
export const SERVICES = ["git-upload-pack", "git-receive-pack"] as const;
export type GitService = (typeof SERVICES)[number];

/** Uses that a lease can permit. */
const USES = [...SERVICES, "sign"] as const;

/** Far above the longest lease: that of twenty pushes to branches with the longest names. */
const MAX_LEASE_LENGTH = 32 * 1024;

const HEADER = { alg: "dir", enc: "A256GCM" } as const;
const ONLY = { keyManagementAlgorithms: [HEADER.alg], contentEncryptionAlgorithms: [HEADER.enc] };

/** Base64url whose unused bits in the last character are 0, so that each lease has exactly one text. */
const PART = "(?:[\\w-]{4})*(?:[\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])?";
const TEXT = new RegExp(`^${PART}\\.\\.${PART}\\.${PART}\\.${PART}$`);

const claims = z.strictObject({
  v: z.literal(1),
  tenant: z.string(),
  sandbox_id: z.string(),
  /** For the log: the caller's API key, by its digest, and the request that its operation came with. */
  key: z.string().optional(),
  request_id: z.string().optional(),
  /** Address of the repository at the git host. */
  url: z.string(),
  /** Canonical form of the address, as in the path of the broker. */
  repository: z.string(),
  services: z.array(z.enum(USES)),
  refs: z.array(
    z.strictObject({
      ref: z.string(),
      may: z.enum(["write", "create", "delete"]),
      notDefault: z.literal(true).optional(),
    }),
  ),
  /** Milliseconds since 1970. */
  expires_at: z.int(),
  /** Authorization header for the git host. */
  authorization: z.string().optional(),
});

/** Permission for one operation: tenant, services, refs, repository, expiry, and the credential. */
export type Lease = z.output<typeof claims>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Seals a lease with the first key (JWE, direct key, AES-256-GCM): only this service can read it, and any change makes
 * it invalid.
 * @param keys of 32 bytes, at least one
 */
export async function sealLease(lease: Lease, [key]: readonly Uint8Array[]): Promise<string> {
  if (key === undefined) throw new Error("There is no key for a lease.");
  return new CompactEncrypt(encoder.encode(JSON.stringify(lease))).setProtectedHeader(HEADER).encrypt(key);
}

/** Opens a lease with the key that sealed it. Never throws. */
export async function openLease(
  sealed: string,
  keys: readonly Uint8Array[],
  nowMs: number,
): Promise<Lease | "invalid" | "expired"> {
  if (sealed.length > MAX_LEASE_LENGTH || !TEXT.test(sealed)) return "invalid";
  for (const key of keys) {
    const lease = await openWith(sealed, key);
    if (lease !== undefined) return nowMs < lease.expires_at ? lease : "expired";
  }
  return "invalid";
}

async function openWith(sealed: string, key: Uint8Array): Promise<Lease | undefined> {
  try {
    const { plaintext } = await compactDecrypt(sealed, key, ONLY);
    return claims.parse(JSON.parse(decoder.decode(plaintext)));
  } catch {
    return undefined;
  }
}
