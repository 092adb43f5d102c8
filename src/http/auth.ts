import type { Config } from "../config.ts";
import { HttpError } from "./http-error.ts";
import { isOpenTo, SERVED } from "./loopback.ts";

/** Authenticated sender of a request. */
export interface Identity {
  readonly tenant: string;
  /** Start of the digest of its API key; API_KEYS identifies keys by digest. */
  readonly key: string;
}

interface AcceptedKey extends Identity {
  readonly digest: Uint8Array;
}

/** RFC 6750, section 2.1. The length is limited, so that no request makes the service hash more than a key. */
export const BEARER = /^Bearer +([\x21-\x7e]{1,512})$/i;
/** Enough to tell keys apart, and far too little to find one. */
const KEY_NAME_LENGTH = 12;
const CHALLENGE = 'Bearer realm="warmtree"';

/** Key `dev` of tenant `dev`, so that a fresh checkout serves its own machine. */
const DEV_KEYS = decoded([
  { tenant: "dev", sha256: "ef260e9aa3c673af240d17a2660480361a8e081d1ffeca2a5ed0e3219fc18567" },
]);

const encoder = new TextEncoder();
const decodedByConfig = new WeakMap<Config, readonly AcceptedKey[]>();

/**
 * Authenticates a request of any entry point by `Authorization: Bearer <API key>`. While no keys are configured,
 * accepts key `dev` where loopback is open, and nothing elsewhere.
 * @throws invalid_input, or unauthenticated with its challenge
 */
export async function authenticate(request: Request, config: Config): Promise<Identity> {
  const accepted = acceptedKeys(request, config);
  const key = BEARER.exec(request.headers.get("Authorization") ?? "")?.[1];
  if (key === undefined) throw unauthenticated("Send the header 'Authorization: Bearer <API key>'.");
  const identity = await identityOf(key, accepted);
  if (identity === undefined) {
    throw unauthenticated(
      "Key refused: the API key is not one of this service's.",
      `${CHALLENGE}, error="invalid_token"`,
    );
  }
  return identity;
}

function acceptedKeys(request: Request, config: Config): readonly AcceptedKey[] {
  if (config.apiKeys.length > 0) {
    let keys = decodedByConfig.get(config);
    if (keys === undefined) decodedByConfig.set(config, (keys = decoded(config.apiKeys)));
    return keys;
  }
  if (isOpenTo(request, config)) return DEV_KEYS;
  throw unauthenticated(
    `No API keys are configured, so ${SERVED[config.loopbackAccess]} served. The operator makes a key with ` +
      "`npm run key -- <tenant>` and stores the entry it prints with `wrangler secret put API_KEYS`, or in .dev.vars for `wrangler dev`.",
  );
}

/** Compares with every key without stopping at a match: the time taken reveals nothing about the keys. */
async function identityOf(given: string, accepted: readonly AcceptedKey[]): Promise<Identity | undefined> {
  const presented = await crypto.subtle.digest("SHA-256", encoder.encode(given));
  let match: Identity | undefined;
  for (const { tenant, key, digest } of accepted) {
    if (crypto.subtle.timingSafeEqual(presented, digest)) match = { tenant, key };
  }
  return match;
}

function decoded(keys: Config["apiKeys"]): readonly AcceptedKey[] {
  return keys.map(({ tenant, sha256 }) => ({
    tenant,
    key: sha256.slice(0, KEY_NAME_LENGTH),
    digest: fromHex(sha256),
  }));
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function unauthenticated(detail: string, challenge = CHALLENGE): HttpError {
  return new HttpError("unauthenticated", detail, { "WWW-Authenticate": challenge });
}
