import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { type Config, configOf } from "../config.ts";
import type { HttpContext } from "./context.ts";
import { LOOPBACK_HOSTS } from "./loopback.ts";

/** Paths that pages of other sites may call. Excludes the operator's routes and the secrets of webhooks. */
export const CROSS_ORIGIN_PATHS = [
  "/mcp",
  "/mcp/",
  "/v1/git/*",
  "/v1/run",
  "/v1/policy",
  ...["/v1/runs", "/v1/workspaces", "/v1/snapshots"].flatMap((path) => [path, `${path}/*`]),
];

const HEADERS = {
  allowMethods: ["GET", "POST", "DELETE"],
  // Headers of all MCP revisions and of this API. Cookies are neither sent nor read.
  allowHeaders: [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "Last-Event-ID",
    "Mcp-Method",
    "Mcp-Name",
    "MCP-Protocol-Version",
    "Mcp-Session-Id",
    "X-Git-Token",
    "traceparent",
  ],
  exposeHeaders: [
    "Content-Disposition",
    "Idempotent-Replayed",
    "Location",
    "Retry-After",
    "Server-Timing",
    "WWW-Authenticate",
    "X-Bundle-Bytes",
    "X-Head",
    "X-Patch-Bytes",
    "X-Request-Id",
  ],
  maxAge: 600,
};

/**
 * Returns the origins whose pages may call this service (ALLOWED_ORIGINS). While no API keys are set, returns only
 * those on this machine, because everybody knows the key then.
 */
export function allowedOrigins({ allowedOrigins: origins, apiKeys }: Config): readonly string[] {
  return apiKeys.length > 0 ? origins : origins.filter((origin) => LOOPBACK_HOSTS.has(new URL(origin).hostname));
}

const forBrowsers = cors({
  ...HEADERS,
  origin: (origin, c: HttpContext) => (allowedOrigins(configOf(c.env)).includes(origin) ? origin : null),
});

/** Middleware: lets the pages of allowed origins read answers (CORS). */
export const crossOrigin: MiddlewareHandler<{ Bindings: Env }> = (c, next) =>
  c.req.header("Origin") === undefined ? next() : forBrowsers(c, next);
