import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { configOf } from "../../src/config.ts";
import { templateView } from "../../src/workspace/template-view.ts";

test("why a build failed is told as plain text, whoever said it", async () => {
  const reason = "its smoke test failed: \x1b[31mE2B\u202e said\x1b[0m Bearer e2b_0123456789abcdef\r\n";
  const pool = env.SANDBOX_POOL.getByName("0");
  await pool.noteTemplateBuild({ version: 2, state: "failed", startedAt: 0, endedAt: 1_000, reason });
  const caller = {
    tenant: "acme",
    env,
    config: configOf(env),
    waitUntil: () => undefined,
    cost: { objectCalls: 0, sandboxMs: 0 },
  };
  expect(await templateView(caller)).toMatchObject({
    newest_build: { state: "failed", reason: "its smoke test failed: E2B said Bearer [redacted]\n" },
  });
});
