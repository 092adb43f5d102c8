import { type Config, configOf } from "../config.ts";
import { WarmtreeError } from "../errors.ts";
import { CONTENT_TYPES, exposition } from "../metrics/exposition.ts";
import { negotiated } from "../metrics/negotiation.ts";
import { exposedFamilies, readMetrics } from "../metrics/scrape.ts";
import { BEARER, LOOPBACK_HOSTS } from "./auth.ts";
import type { HttpContext } from "./caller.ts";
import { HttpError } from "./http-error.ts";

const CHALLENGE = 'Bearer realm="warmtree metrics"';

const encoder = new TextEncoder();

/** GET /metrics: every series, for Prometheus. Reads what was reported; no shard of the pool is asked. */
export async function serveMetrics(c: HttpContext): Promise<Response> {
  const config = configOf(c.env);
  await admit(c.req.raw, config);
  if (config.metricsShards === 0) {
    throw new WarmtreeError("not_found", "Nothing is recorded: METRICS_SHARDS is 0.");
  }
  const format = negotiated(c.req.raw.headers.get("Accept"));
  const families = exposedFamilies(await readMetrics({ env: c.env, config }), Date.now());
  const headers = { "Content-Type": CONTENT_TYPES[format], Vary: "Accept", "Cache-Control": "no-store" };
  return new Response(exposition(families, format), { headers });
}

/** Metrics tell of all tenants, so no tenant's key opens them. Throws unauthenticated. */
async function admit(request: Request, { metricsKey }: Config): Promise<void> {
  if (metricsKey === undefined) {
    if (LOOPBACK_HOSTS.has(new URL(request.url).hostname)) return;
    throw unauthenticated(
      "No METRICS_KEY is configured, so only requests to 127.0.0.1 or localhost are served. The operator sets one with " +
        "`wrangler secret put METRICS_KEY`.",
    );
  }
  const key = BEARER.exec(request.headers.get("Authorization") ?? "")?.[1];
  if (key === undefined) throw unauthenticated("Send the header 'Authorization: Bearer <METRICS_KEY>'.");
  // Digests have one length: the time taken tells nothing about the key.
  const [presented, expected] = await Promise.all([digestOf(key), digestOf(metricsKey)]);
  if (crypto.subtle.timingSafeEqual(presented, expected)) return;
  throw unauthenticated("The key is not this service's METRICS_KEY.", `${CHALLENGE}, error="invalid_token"`);
}

const digestOf = (text: string) => crypto.subtle.digest("SHA-256", encoder.encode(text));

function unauthenticated(detail: string, challenge = CHALLENGE): HttpError {
  return new HttpError("unauthenticated", detail, { "WWW-Authenticate": challenge });
}
