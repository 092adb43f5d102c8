import css from "../../../dist/page/page.css.txt";
import docsCss from "../../../dist/page/docs.css.txt";
import docsHtml from "../../../dist/page/docs.html";
import docsJs from "../../../dist/page/docs.js.txt";
import html from "../../../dist/page/index.html";
import js from "../../../dist/page/page.js.txt";
import type { Hono } from "hono";

/** Allows only own scripts, and no framing. Requests of the page carry its key as a header. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const HEADERS = {
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
};

const HTML = "text/html; charset=utf-8";
const CSS = "text/css; charset=utf-8";
const JAVASCRIPT = "text/javascript; charset=utf-8";
const FILES = [
  { path: "/", type: HTML, text: html },
  { path: "/page.css", type: CSS, text: css },
  { path: "/page.js", type: JAVASCRIPT, text: js },
  { path: "/docs", type: HTML, text: docsHtml },
  { path: "/docs.css", type: CSS, text: docsCss },
  { path: "/docs.js", type: JAVASCRIPT, text: docsJs },
];

/**
 * Serves the operator's dashboard, and the page of the API at /docs. The files hold no secrets: the data comes from
 * `/v1/operator`, which requires a key.
 */
export function addPageRoutes(app: Hono<{ Bindings: Env }>): void {
  for (const { path, type, text } of FILES) {
    let tag: Promise<string> | undefined;
    app.get(path, async (c) => {
      // Always revalidated: a new version must not run with files of an old one.
      const ETag = await (tag ??= tagOf(text));
      const headers = { ...HEADERS, ETag, "Cache-Control": "no-cache" };
      if (c.req.header("If-None-Match") === ETag) return new Response(null, { status: 304, headers });
      return new Response(text, { headers: { ...headers, "Content-Type": type } });
    });
  }
}

async function tagOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `"${[...new Uint8Array(digest, 0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}"`;
}
