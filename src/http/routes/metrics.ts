import { configOf } from "../../config.ts";
import { WarmtreeError } from "../../errors.ts";
import { CONTENT_TYPES, exposition } from "../../metrics/exposition.ts";
import { negotiated } from "../../metrics/negotiation.ts";
import { exposedFamilies, readMetrics } from "../../metrics/scrape.ts";
import type { HttpContext } from "../context.ts";
import { requireServiceKey } from "../service-key.ts";

/** Serves GET /metrics: every series, for Prometheus. Reads stored reports; wakes no pool shard. */
export async function serveMetrics(c: HttpContext): Promise<Response> {
  const config = configOf(c.env);
  await requireServiceKey(c.req.raw, "METRICS_KEY", config);
  if (config.metricsShards === 0) {
    throw new WarmtreeError("not_found", "Nothing is recorded: METRICS_SHARDS is 0.");
  }
  const format = negotiated(c.req.raw.headers.get("Accept"));
  const families = exposedFamilies(await readMetrics({ env: c.env, config }), Date.now());
  const headers = { "Content-Type": CONTENT_TYPES[format], Vary: "Accept" };
  return new Response(exposition(families, format), { headers });
}
