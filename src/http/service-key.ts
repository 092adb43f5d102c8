import type { Config } from "../config.ts";
import { BEARER } from "./auth.ts";
import { HttpError } from "./http-error.ts";
import { isOpenTo, SERVED } from "./loopback.ts";

const encoder = new TextEncoder();

/**
 * Authenticates a request by a service key. Its routes cover all tenants, so a tenant's key is not accepted. While the
 * key is not set, accepts only loopback requests, without a key, where loopback is open.
 * @param name of the setting that holds the key
 * @throws invalid_input or unauthenticated
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
  // Digests have equal length: the time taken reveals nothing about the key.
  const [presented, expected] = await Promise.all([digestOf(given), digestOf(key)]);
  if (crypto.subtle.timingSafeEqual(presented, expected)) return;
  throw unauthenticated(`The key is not this service's ${name}.`, `${challenge}, error="invalid_token"`);
}

/**
 * Whether a request comes from another site's page. Without a key, such a page could act through its reader's browser.
 * Older browsers send no Fetch Metadata, but an Origin with requests that change state.
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
