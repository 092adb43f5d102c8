// This file imports nothing, so that a receiver can copy it.

/** The body of a webhook event, as Standard Webhooks define it. */
interface AnyEvent {
  readonly type: string;
  readonly timestamp: string;
  readonly data: object;
}

/** A request, or its parts. `body` is the original text: parsing and serializing it would change the signed bytes. */
export type WebhookMessage =
  | Request
  | {
      readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
      readonly body: string | Uint8Array;
    };

/** `headers`: one is missing or malformed; `timestamp`: too old or new; `signature`: none valid; `body`: no event. */
export type WebhookFault = "secret" | "headers" | "timestamp" | "signature" | "body";

/** The reason for which a message is refused. */
export class WebhookVerificationError extends Error {
  override readonly name = "WebhookVerificationError";
  readonly fault: WebhookFault;

  constructor(fault: WebhookFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

export interface WebhookOptions {
  /** Largest difference between a message's time and now, in seconds; 300 by default. */
  readonly toleranceS?: number | undefined;
}

const DEFAULT_TOLERANCE_S = 300;
const MIN_SECRET_BYTES = 24;
const HMAC = { name: "HMAC", hash: "SHA-256" };

/**
 * Checks that the sender of a message has one of the secrets and sent it just now, and returns its event.
 * @param secrets `whsec_…`; several while one replaces another
 * @throws WebhookVerificationError
 */
export async function verifyWebhook<Event extends AnyEvent = AnyEvent>(
  message: WebhookMessage,
  secrets: string | readonly string[],
  { toleranceS = DEFAULT_TOLERANCE_S }: WebhookOptions = {},
): Promise<Event> {
  const keys = await Promise.all([secrets].flat().map(keyOf));
  const header = readerOf(message.headers);
  const [id, timestamp, signatures] = [header("webhook-id"), header("webhook-timestamp"), header("webhook-signature")];
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookVerificationError("headers", "webhook-timestamp is no time");
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > toleranceS) {
    throw new WebhookVerificationError("timestamp", `webhook-timestamp is more than ${toleranceS} s away`);
  }
  const body = await bytesOf(message);
  const signed = joined(new TextEncoder().encode(`${id}.${timestamp}.`), body);
  const given = signatures.split(" ").flatMap((each) => (each.startsWith("v1,") ? [bytesIn(each.slice(3))] : []));
  // Tries every key with every signature, so that the time reveals nothing. WebCrypto compares in constant time.
  const pairs = keys.flatMap((key) => given.map((signature) => crypto.subtle.verify(HMAC, key, signature, signed)));
  if (!(await Promise.all(pairs)).includes(true)) {
    throw new WebhookVerificationError("signature", "webhook-signature has no signature with this secret");
  }
  const event = parsedOf(new TextDecoder().decode(body));
  if (!isEvent(event)) throw new WebhookVerificationError("body", "the body is no event");
  // The sender has the secret, so the event has the type that the service documents.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return event as Event;
}

async function keyOf(secret: string): Promise<CryptoKey> {
  const bytes = bytesIn(secret.replace(/^whsec_/, ""));
  // An empty secret would accept messages from anybody.
  if (bytes.length < MIN_SECRET_BYTES) throw new WebhookVerificationError("secret", "the secret is not whsec_<base64>");
  return crypto.subtle.importKey("raw", bytes, HMAC, false, ["verify"]);
}

function readerOf(headers: WebhookMessage["headers"]): (name: string) => string {
  const given = headers instanceof Headers ? [...headers] : Object.entries(headers);
  const values = new Map(given.map(([name, value]) => [name.toLowerCase(), value]));
  return (name) => {
    const value = values.get(name);
    if (typeof value !== "string" || value === "") throw new WebhookVerificationError("headers", `${name} is missing`);
    return value;
  };
}

async function bytesOf(message: WebhookMessage): Promise<Uint8Array<ArrayBuffer>> {
  if ("arrayBuffer" in message) return new Uint8Array(await message.arrayBuffer());
  const { body } = message;
  return Uint8Array.from(typeof body === "string" ? new TextEncoder().encode(body) : body);
}

/** Returns no bytes for text that is not base64; they match no signature. */
function bytesIn(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

const isEvent = (value: unknown): value is AnyEvent =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";

function parsedOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
