import { BEARER, LOOPBACK_HOSTS } from "./auth.ts";
import { HttpError } from "./http-error.ts";

const encoder = new TextEncoder();

/**
 * The gate of a door that a key of its own opens: what lies behind it tells of all tenants, so no tenant's key does. While
 * that key is not set, only this machine is let in, without one. Throws unauthenticated.
 * @param name of the setting that holds the key
 */
export async function admit(
  request: Request,
  name: "METRICS_KEY" | "OPERATOR_KEY",
  key: string | undefined,
): Promise<void> {
  const challenge = `Bearer realm="warmtree ${name.split("_")[0]?.toLowerCase()}"`;
  if (key === undefined) {
    if (LOOPBACK_HOSTS.has(new URL(request.url).hostname) && !isOfAnotherSite(request)) return;
    throw unauthenticated(
      `No ${name} is configured, so only requests to 127.0.0.1 or localhost are served. The operator sets one with ` +
        `\`wrangler secret put ${name}\`.`,
      challenge,
    );
  }
  const given = BEARER.exec(request.headers.get("Authorization") ?? "")?.[1];
  if (given === undefined) throw unauthenticated(`Send the header 'Authorization: Bearer <${name}>'.`, challenge);
  // Digests have one length: the time taken tells nothing about the key.
  const [presented, expected] = await Promise.all([digestOf(given), digestOf(key)]);
  if (crypto.subtle.timingSafeEqual(presented, expected)) return;
  throw unauthenticated(`The key is not this service's ${name}.`, `${challenge}, error="invalid_token"`);
}

/** Where nobody needs a key, a page of another site must not act through its reader's browser (Fetch Metadata). */
function isOfAnotherSite(request: Request): boolean {
  const site = request.headers.get("Sec-Fetch-Site") ?? "none";
  return site !== "same-origin" && site !== "none";
}

const digestOf = (text: string) => crypto.subtle.digest("SHA-256", encoder.encode(text));

function unauthenticated(detail: string, challenge: string): HttpError {
  return new HttpError("unauthenticated", detail, { "WWW-Authenticate": challenge });
}
