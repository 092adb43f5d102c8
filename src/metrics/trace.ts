import { tracing } from "cloudflare:workers";

/** W3C Trace Context, traceparent version 00; the lowest bit of the last field means "sampled". */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f][13579bdf]$/;

/** Returns the id of the request's sampled trace, if any: Cloudflare's, otherwise the sender's. */
export function traceIdOf(request: Request): string | undefined {
  const span = tracing.getActiveSpan();
  if (span?.isTraced) return span.spanContext().traceId;
  return TRACEPARENT.exec(request.headers.get("traceparent") ?? "")?.[1];
}
