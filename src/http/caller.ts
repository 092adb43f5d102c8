import type { Context } from "hono";
import { configOf } from "../config.ts";
import { WarmtreeError } from "../errors.ts";
import { traceIdOf } from "../metrics/trace.ts";
import type { Caller } from "../workspaces.ts";
import { authenticate } from "./auth.ts";
import { GIT_TOKEN, GIT_TOKEN_HEADER } from "./schemas.ts";

export type HttpContext = Context<{ Bindings: Env }>;

/** Lets a request through the gate and gathers what serving it takes. Throws unauthenticated or invalid_input. */
export async function callerOf(c: HttpContext): Promise<Caller> {
  const { tenant } = await authenticate(c.req.raw, configOf(c.env));
  const gitToken = gitTokenOf(c.req.raw.headers);
  return { tenant, ...(gitToken === null ? {} : { gitToken }), ...workerAround(c) };
}

/** What serving a request takes, whoever it is for. */
export function workerAround(c: HttpContext): Omit<Caller, "tenant"> {
  const traceId = traceIdOf(c.req.raw);
  return {
    ...(traceId === undefined ? {} : { traceId }),
    env: c.env,
    config: configOf(c.env),
    waitUntil: (work) => c.executionCtx.waitUntil(work),
    cost: { objectCalls: 0, sandboxMs: 0 },
  };
}

/** Texts of a request and of the settings that no log may show. Every setting counts: a new secret needs no entry here. */
export function secretsOf(c: HttpContext): string[] {
  const settings = Object.values<unknown>({ ...c.env }).filter((value) => typeof value === "string");
  const headers = c.req.raw.headers;
  const key = headers.get("Authorization")?.split(" ").at(-1) ?? "";
  return [...settings, key, headers.get(GIT_TOKEN_HEADER) ?? ""];
}

function gitTokenOf(headers: Headers): string | null {
  const token = headers.get(GIT_TOKEN_HEADER);
  if (token !== null && !GIT_TOKEN.test(token)) {
    throw new WarmtreeError(
      "invalid_input",
      `${GIT_TOKEN_HEADER} must be 1 to 1024 printable ASCII characters without spaces. Nothing was done.`,
      { field: GIT_TOKEN_HEADER },
    );
  }
  return token;
}
