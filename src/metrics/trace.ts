import { tracing } from "cloudflare:workers";

/** W3C Trace Context, traceparent of version 00; the last field's lowest bit says that the trace is kept. */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f][13579bdf]$/;

/** The trace that a request belongs to, if it is kept: Cloudflare's own, else the one its sender is in. */
export function traceIdOf(request: Request): string | undefined {
  const span = tracing.getActiveSpan();
  if (span?.isTraced) return span.spanContext().traceId;
  return TRACEPARENT.exec(request.headers.get("traceparent") ?? "")?.[1];
}
