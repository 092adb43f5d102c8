import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import * as z from "zod/v4";
import { openApi } from "../../src/api/openapi.ts";
import app from "../../src/index.ts";

const METHODS = ["get", "post", "put", "delete"] as const;
const { paths } = z.object({ paths: z.record(z.string(), z.looseObject({})) }).parse(openApi());
const DESCRIBED = Object.entries(paths).flatMap(([path, item]) =>
  METHODS.filter((method) => method in item).map((method): [string, string] => [method.toUpperCase(), path]),
);
const BROKER = "/broker/github.com/a/b.git";
const OTHERS: [method: string, path: string][] = [
  ...["/", "/page.css", "/page.js", "/docs", "/docs.css", "/docs.js", "/llms.txt", "/openapi.json", "/nothing"].map(
    (path): [string, string] => ["GET", path],
  ),
  ["HEAD", "/healthz"],
  ["PUT", "/healthz"],
  ["OPTIONS", "/v1/git/status"],
  ["POST", "/register"],
  ["POST", "/mcp"],
  ["GET", BROKER],
  ["GET", `${BROKER}/info/refs?service=git-upload-pack`],
  ["POST", `${BROKER}/git-receive-pack`],
  ["POST", `${BROKER}/info/lfs/objects/batch`],
];

const SETTINGS = { ...env, LEASE_KEY: "A".repeat(43), PUBLIC_URL: "https://warmtree.example" };

const send = async (origin: string, method: string, path: string, headers: Record<string, string> = {}) => {
  const address = origin + path.replaceAll(/\{\w+\}/g, "s0-00000000000000000000");
  const request = new Request(address, { method, headers: { Authorization: "Bearer dev", ...headers } });
  const response = await app.fetch(request, SETTINGS, createExecutionContext());
  await response.body?.cancel();
  return response;
};

test.each([...DESCRIBED, ...OTHERS])("%s %s has the headers that browsers obey", async (method, path) => {
  for (const origin of ["https://warmtree.example", "http://127.0.0.1:8787"]) {
    const { headers } = await send(origin, method, path);
    expect(Object.fromEntries(headers)).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "same-origin",
      "content-security-policy": expect.stringContaining("frame-ancestors 'none'"),
      "cache-control": expect.stringMatching(/^(?:no-store|no-cache)$|^public, max-age=300$/),
    });
    const hsts = headers.get("Strict-Transport-Security");
    expect(hsts).toBe(origin.startsWith("https:") ? "max-age=31536000" : null);
  }
});

test("what is one tenant's, or git's, is stored nowhere", async () => {
  for (const [method, path] of [...DESCRIBED, ...OTHERS].filter(([, own]) =>
    /^\/(?:v1|mcp|broker|metrics)/.test(own),
  )) {
    expect([path, (await send("https://warmtree.example", method, path)).headers.get("Cache-Control")]).toEqual([
      path,
      "no-store",
    ]);
  }
});

test("a page of an allowed origin still reads answers, and a page stays what it was", async () => {
  const Origin = "https://claude.ai";
  const keyed = { ...SETTINGS, API_KEYS: `acme=${"0".repeat(64)}` };
  const request = new Request("https://warmtree.example/v1/workspaces", { headers: { Origin } });
  const response = await app.fetch(request, keyed, createExecutionContext());
  expect([response.status, response.headers.get("Access-Control-Allow-Origin")]).toEqual([401, Origin]);
  const page = await send("https://warmtree.example", "GET", "/");
  expect(page.headers.get("Content-Security-Policy")).toContain("script-src 'self'");
  const unchanged = { "If-None-Match": page.headers.get("ETag") ?? "" };
  const again = await send("https://warmtree.example", "GET", "/", unchanged);
  expect([again.status, again.headers.get("Cache-Control")]).toEqual([304, "no-cache"]);
});
