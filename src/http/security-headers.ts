import type { Next } from "hono";
import type { HttpContext } from "./context.ts";

/** On every answer. Data is shown by no page of another origin; browsers guess no type, and tell nobody the address. */
const ALWAYS = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/** On answers whose route sets no other value: they show one tenant's work at one moment, and are no page. */
const UNLESS_SET = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
};

/** A year. Without subdomains: they may be somebody else's. */
const HSTS = "max-age=31536000";

/** Middleware before every route: the one place for headers that browsers obey. */
export async function securityHeaders(c: HttpContext, next: Next): Promise<void> {
  await next();
  const { headers } = c.res;
  for (const [name, value] of Object.entries(ALWAYS)) headers.set(name, value);
  for (const [name, value] of Object.entries(UNLESS_SET)) if (!headers.has(name)) headers.set(name, value);
  if (c.req.url.startsWith("https:")) headers.set("Strict-Transport-Security", HSTS);
}
