import * as z from "zod/v4";

/** Random keys of this length cannot be guessed. */
const MIN_SECRET_LENGTH = 16;

/** Names of this machine, as URLs have them. */
export const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

export const wholeNumber = (fallback: number, min: number, max: number) =>
  z.coerce.number().int().min(min).max(max).default(fallback);

/** A bearer token. */
export const secret = z
  .string()
  .min(MIN_SECRET_LENGTH, `has fewer than ${MIN_SECRET_LENGTH} characters`)
  .regex(/^[\x21-\x7e]{0,512}$/, "is not up to 512 printable ASCII characters without spaces")
  .optional();

export const hostEntry = z
  .string()
  .regex(
    /^(?:[a-z0-9.-]+(?::\d{1,5})?|http:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):\d{1,5})$/,
    "is a host name (https), or http://127.0.0.1:port",
  );

export const origin = z
  .string()
  .refine((text) => URL.parse(text)?.origin === text, "is an origin, such as https://app.example, without a path");

export const list = (text: string) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

export const apiKey = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}=[0-9a-f]{64}$/, "is tenant=<sha256 of the key, in hex>")
  .transform((entry) => {
    const at = entry.indexOf("=");
    return { tenant: entry.slice(0, at), sha256: entry.slice(at + 1) };
  });

export const KEY_MISSING = "is required: get one at e2b.dev, then `wrangler secret put E2B_API_KEY`";

const KEY_BYTES = 32;

export const leaseKey = z.string().transform((text, context) => {
  const bytes = /^[A-Za-z0-9+/]{43}=?$/.test(text)
    ? Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0))
    : undefined;
  if (bytes?.byteLength === KEY_BYTES) return bytes;
  context.addIssue({ code: "custom", message: "is not 32 bytes in base64: `npm run key -- --lease` makes it" });
  return z.NEVER;
});

/** A private key as WebCrypto reads it (RFC 8410): 16 bytes that are the same in each, and the key's 32. */
const ED25519_PKCS8 = /^MC4CAQAwBQYDK2VwBCIEI[A-P][A-Za-z0-9+/]{42}$/;

export const signingKey = z.string().transform((text, context) => {
  if (ED25519_PKCS8.test(text)) return Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0));
  context.addIssue({
    code: "custom",
    message: "is not an Ed25519 key (PKCS8, base64 on one line): `npm run key -- --signing` makes it",
  });
  return z.NEVER;
});

/** Leases are secrets in transit, so only an address of this machine may lack https. */
export const publicUrl = origin.refine(
  (text) => text.startsWith("https://") || LOOPBACK.test(URL.parse(text)?.hostname ?? ""),
  "is not https",
);

/**
 * A name or address in the form that every git writes into a commit. Versions differ in the characters that they remove
 * at the ends (ident.c), and a signature is for one form.
 */
export const identity = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text) => text.replaceAll(/[\p{Cc}<>]/gu, "").replaceAll(/^[\s.,:;"\\']+|[\s.,:;"\\']+$/g, ""))
    .refine((text) => text !== "", "has no letter that git keeps");

/** A text, or the object that wrangler makes of a table in `[vars]`. */
export const json = z.unknown().transform((given, context) => {
  if (typeof given !== "string") return given;
  try {
    return z.unknown().parse(JSON.parse(given === "" ? "{}" : given));
  } catch {
    context.addIssue({ code: "custom", message: "is not JSON" });
    return z.NEVER;
  }
});

/** E2B accepts no other processor counts. */
export const isOneOrEven = (count: number) => count === 1 || count % 2 === 0;
