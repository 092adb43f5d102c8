/** Prefix of secrets in the Standard Webhooks convention. */
const SECRET_PREFIX = "whsec_";
const SIGNATURE_VERSION = "v1";
/** Separates this use of LEASE_KEY from its use for leases. */
const PURPOSE = "warmtree webhook secrets, version 1";
const HMAC = { name: "HMAC", hash: "SHA-256" } as const;

const encoder = new TextEncoder();

/** The receiver of a webhook: its secret depends on both. */
export interface Receiver {
  /** '' for the operator. */
  readonly tenant: string;
  readonly url: string;
}

/** A message to sign: the id is the same in every attempt, the time is that of this attempt. */
export interface SignedMessage {
  readonly id: string;
  readonly timestampS: number;
  readonly body: string;
}

/**
 * Returns the secret that a receiver verifies with. It is derived from LEASE_KEY and not stored.
 * @param keys LEASE_KEY, at least one key; the first one gives the secret
 */
export async function webhookSecret([key]: readonly Uint8Array[], receiver: Receiver): Promise<string> {
  if (key === undefined) throw new Error("There is no key for a webhook's secret.");
  return SECRET_PREFIX + inBase64(await secretBytes(key, receiver));
}

/**
 * Returns the value of webhook-signature: a signature for each key, separated by spaces, so that receivers with the
 * secret of an earlier key still verify until they have the new secret.
 */
export async function webhookSignature(
  keys: readonly Uint8Array[],
  receiver: Receiver,
  { id, timestampS, body }: SignedMessage,
): Promise<string> {
  const signatures = keys.map(async (key) => {
    const signed = await hmac(await secretBytes(key, receiver), `${id}.${timestampS}.${body}`);
    return `${SIGNATURE_VERSION},${inBase64(signed)}`;
  });
  return (await Promise.all(signatures)).join(" ");
}

/** Derives a receiver's secret. Tenant names and URLs contain no newline, so no two receivers have the same text. */
async function secretBytes(key: Uint8Array, { tenant, url }: Receiver): Promise<Uint8Array> {
  return hmac(await hmac(key, PURPOSE), `webhook\n${tenant}\n${url}`);
}

async function hmac(key: Uint8Array, text: string): Promise<Uint8Array> {
  const imported = await crypto.subtle.importKey("raw", new Uint8Array(key), HMAC, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign(HMAC, imported, encoder.encode(text)));
}

const inBase64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
