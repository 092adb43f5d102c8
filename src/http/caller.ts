import type { Context } from "hono";
import { configOf } from "../config.ts";
import { SECRET_SETTINGS } from "../settings/settings.ts";
import { traceIdOf } from "../metrics/trace.ts";
import { Redactor } from "../redaction/redactor.ts";
import type { Caller } from "../workspace/caller.ts";
import { authenticate } from "./auth.ts";
import { requestIdOf } from "./request-id.ts";
import { gitTokensOf, tokensIn } from "./git-tokens.ts";

export type HttpContext = Context<{ Bindings: Env }>;

/**
 * Authenticates a request, and builds its caller.
 * @throws unauthenticated or invalid_input
 */
export async function callerOf(c: HttpContext): Promise<Caller> {
  const config = configOf(c.env);
  const { tenant } = await authenticate(c.req.raw, config);
  const gitTokens = gitTokensOf(c.req.raw.headers, config.allowedGitHosts);
  return { tenant, ...(gitTokens && { gitTokens }), ...workerAround(c) };
}

/** Builds the Worker context of a request, without a tenant. */
export function workerAround(c: HttpContext): Omit<Caller, "tenant"> {
  const traceId = traceIdOf(c.req.raw);
  return {
    ...(traceId === undefined ? {} : { traceId }),
    requestId: requestIdOf(c.req.raw),
    env: c.env,
    config: configOf(c.env),
    calledAt: new URL(c.req.url).origin,
    waitUntil: (work) => c.executionCtx.waitUntil(work),
    cost: { objectCalls: 0, sandboxMs: 0 },
  };
}

/** Creates the redactor that removes the secrets of a request and of the settings from its answer. */
export function redactorOf(c: HttpContext): Redactor {
  const settings: Readonly<Record<string, unknown>> = { ...c.env };
  return new Redactor([...SECRET_SETTINGS.map((name) => settings[name]), ...sentSecrets(c)].filter(isString));
}

/**
 * Lists the texts of a request and of the settings that logs must not contain. Includes every setting: a new secret
 * needs no entry here.
 */
export function secretsOf(c: HttpContext): string[] {
  return [...Object.values<unknown>({ ...c.env }).filter(isString), ...sentSecrets(c)];
}

const isString = (value: unknown): value is string => typeof value === "string";

function sentSecrets(c: HttpContext): string[] {
  const { headers } = c.req.raw;
  const key = headers.get("Authorization")?.split(" ").at(-1) ?? "";
  return [key, ...tokensIn(headers)];
}
