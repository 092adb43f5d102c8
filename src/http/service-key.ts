import type { Config } from "../config.ts";
import { BEARER } from "./auth.ts";
import { HttpError } from "./http-error.ts";
import { isOpenTo, SERVED } from "./loopback.ts";

const encoder = new TextEncoder();

/**
 * The gate of a door that a key of its own opens: what lies behind it tells of all tenants, so no tenant's key does. While
 * that key is not set, only this machine is let in, without one and where loopback is open. Throws invalid_input, or
 * unauthenticated.
 * @param name of the setting that holds the key
 */
export async function requireServiceKey(
  request: Request,
  name: "METRICS_KEY" | "OPERATOR_KEY",
  config: Config,
): Promise<void> {
  const challenge = `Bearer realm="warmtree ${name.split("_")[0]?.toLowerCase()}"`;
  const key = name === "METRICS_KEY" ? config.metricsKey : config.operatorKey;
  if (key === undefined) {
    if (isOpenTo(request, config) && !isOfAnotherSite(request)) return;
    throw unauthenticated(
      `No ${name} is configured, so ${SERVED[config.loopbackAccess]} served. The operator sets one with ` +
        `\`wrangler secret put ${name}\`, or in .dev.vars for \`wrangler dev\`.`,
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

/**
 * Where nobody needs a key, a page of another site must not act through its reader's browser. Older browsers send no Fetch
 * Metadata, and an Origin with what changes something.
 */
function isOfAnotherSite({ headers, url }: Request): boolean {
  const site = headers.get("Sec-Fetch-Site") ?? "none";
  const { origin } = new URL(url);
  return (site !== "same-origin" && site !== "none") || (headers.get("Origin") ?? origin) !== origin;
}

const digestOf = (text: string) => crypto.subtle.digest("SHA-256", encoder.encode(text));

function unauthenticated(detail: string, challenge: string): HttpError {
  return new HttpError("unauthenticated", detail, { "WWW-Authenticate": challenge });
}
