import { configOf } from "../config.ts";
import { traceIdOf } from "../metrics/trace.ts";
import type { Caller } from "../workspace/caller.ts";
import { auditOf } from "./audit.ts";
import { authenticate } from "./auth.ts";
import type { HttpContext } from "./context.ts";
import { requestIdOf } from "./request-id.ts";
import { countRequest } from "./request-limits.ts";
import { gitTokensOf } from "./git-tokens.ts";

/**
 * Authenticates a request, counts it, and builds its caller.
 * @throws unauthenticated, rate_limited or invalid_input
 */
export async function callerOf(c: HttpContext): Promise<Caller> {
  const config = configOf(c.env);
  const identity = await authenticate(c.req.raw, config);
  auditOf(c).concerns(identity);
  await countRequest(c.env, identity);
  const gitTokens = gitTokensOf(c.req.raw.headers, config.allowedGitHosts);
  return { ...identity, ...(gitTokens && { gitTokens }), ...workerAround(c) };
}

/** Builds the Worker context of a request, without a tenant. */
export function workerAround(c: HttpContext): Omit<Caller, "tenant" | "key"> {
  const traceId = traceIdOf(c.req.raw);
  return {
    ...(traceId === undefined ? {} : { traceId }),
    requestId: requestIdOf(c.req.raw),
    audit: auditOf(c),
    env: c.env,
    config: configOf(c.env),
    calledAt: new URL(c.req.url).origin,
    waitUntil: (work) => c.executionCtx.waitUntil(work),
    cost: { objectCalls: 0, sandboxMs: 0 },
  };
}
