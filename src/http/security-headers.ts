import type { Next } from "hono";
import type { HttpContext } from "./context.ts";

/** For every response. Pages of other origins cannot load it; browsers guess no type, and send no referrer. */
const ALWAYS = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/** For responses whose route sets no other value: they show one tenant's work at one moment, and are not pages. */
const UNLESS_SET = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
};

/** One year, without subdomains, which may belong to others. */
const HSTS = "max-age=31536000";

/** Middleware before every route: the one place for headers that browsers obey. */
export async function securityHeaders(c: HttpContext, next: Next): Promise<void> {
  await next();
  const { headers } = c.res;
  for (const [name, value] of Object.entries(ALWAYS)) headers.set(name, value);
  for (const [name, value] of Object.entries(UNLESS_SET)) if (!headers.has(name)) headers.set(name, value);
  if (c.req.url.startsWith("https:")) headers.set("Strict-Transport-Security", HSTS);
}
