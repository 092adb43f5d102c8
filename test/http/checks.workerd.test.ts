import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { checksSchema } from "../../src/api/checks-schema.ts";
import app from "../../src/index.ts";

const KEYED = {
  ...env,
  OPERATOR_KEY: "a-key-of-the-operator's-own",
  METRICS_KEY: "a-key-of-the-scraper's-own",
  API_KEYS: "acme=ded96e4cc00dc55774b14d9e3aeddcccd1448d25055366b185b5d89eb4457d4b",
  GITHUB_TOKEN: "ghp_a-token-of-the-operator",
  E2B_MONTHLY_BUDGET_USD: "12",
};

async function ask(key: string, settings: object = KEYED, base = "https://warmtree.example"): Promise<Response> {
  const headers: Record<string, string> = key === "" ? {} : { Authorization: `Bearer ${key}` };
  return app.fetch(new Request(`${base}/v1/checks`, { headers }), settings, createExecutionContext());
}

test.each(["wt_key-of-acme", KEYED.OPERATOR_KEY])("%s opens the checks, which hold no secret", async (key) => {
  const response = await ask(key);
  const text = await response.text();
  expect(response.status).toBe(200);
  expect(checksSchema.parse(JSON.parse(text))).toMatchObject({
    has_github_token: true,
    has_operator_key: true,
    has_metrics_key: true,
    budget: "ample",
    e2b: { state: "ok", running: expect.any(Number) },
    pool: { least: 0 },
  });
  for (const secret of [KEYED.OPERATOR_KEY, KEYED.METRICS_KEY, KEYED.GITHUB_TOKEN, "acme", "12"]) {
    expect(text).not.toContain(`"${secret}"`);
  }
});

test.each(["", "dev", KEYED.METRICS_KEY, `${KEYED.OPERATOR_KEY}x`])("'%s' does not", async (key) => {
  const response = await ask(key);
  expect([response.status, await response.json()]).toMatchObject([401, { code: "unauthenticated" }]);
});

test("loopback without OPERATOR_KEY needs an API key, too", async () => {
  const unset = { ...KEYED, OPERATOR_KEY: undefined };
  expect((await ask("", unset, "http://127.0.0.1:8787")).status).toBe(401);
  expect((await ask("wt_key-of-acme", unset, "http://127.0.0.1:8787")).status).toBe(200);
});
