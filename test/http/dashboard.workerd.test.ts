import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import app from "../../src/index.ts";

const get = (path: string, headers: Record<string, string> = {}) =>
  app.fetch(new Request(`https://warmtree.example${path}`, { headers }), env, createExecutionContext());

test.each([
  ["/", "text/html; charset=utf-8", '<script type="module" src="/page.js">'],
  ["/page.js", "text/javascript; charset=utf-8", "/v1/operator/"],
  ["/page.css", "text/css; charset=utf-8", "--ground"],
  ["/docs", "text/html; charset=utf-8", '<script type="module" src="/docs.js">'],
  ["/docs.js", "text/javascript; charset=utf-8", "/openapi.json"],
  ["/docs.css", "text/css; charset=utf-8", ".reference"],
])("%s is served to anybody, runs nothing of others, and is asked for anew each time", async (path, type, part) => {
  const response = await get(path);
  expect([response.status, response.headers.get("Content-Type")]).toEqual([200, type]);
  expect(await response.text()).toContain(part);
  const policy = response.headers.get("Content-Security-Policy")?.split("; ") ?? [];
  expect(policy).toEqual(
    expect.arrayContaining(["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'none'"]),
  );
  expect(policy.join()).not.toContain("unsafe");
  const { headers } = response;
  expect([headers.get("X-Content-Type-Options"), headers.get("Referrer-Policy")]).toEqual(["nosniff", "no-referrer"]);
  expect(headers.get("Cache-Control")).toBe("no-cache");
  const again = await get(path, { "If-None-Match": headers.get("ETag") ?? "" });
  expect([again.status, await again.text()]).toEqual([304, ""]);
});

test("the files of the page hold nothing of others: no address but its own", async () => {
  const html = await (await get("/")).text();
  expect([...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address = ""]) => address.split(",")[0])).toEqual([
    "data:image/svg+xml",
    "/page.css",
    "/page.js",
  ]);
  expect(await (await get("/page.css")).text()).not.toMatch(/url\(|@import/);
});
