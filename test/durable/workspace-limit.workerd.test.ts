import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { SandboxPool } from "../../src/durable/SandboxPool.ts";
import type { Refusal } from "../../src/durable/sandboxes/refusal.ts";
import type { Grant } from "../../src/durable/sandboxes/grant.ts";
import { granted, hosted, newPool, type Pool, rows, sql, workspace } from "./support.ts";

const LIMIT = { MAX_WORKSPACES_PER_TENANT: "2" };

/** Runs work with a pool's object whose tenants may have two workspaces each. */
const limited = <Result>(pool: Pool, work: (own: SandboxPool) => Promise<Result>): Promise<Result> =>
  runInDurableObject(pool, (_: SandboxPool, state) => work(new SandboxPool(state, { ...env, ...LIMIT })));

const claim = (pool: Pool, agent: string, tenant?: string): Promise<Grant | Refusal> =>
  limited(pool, (own) => own.claim(workspace(agent, tenant)));

test("a tenant gets as many workspaces as it may have, keeps them, and may end one for another", async () => {
  const pool = newPool();
  const { sandboxId } = granted(await claim(pool, "ada"));
  granted(await claim(pool, "bob"));
  // A paused workspace counts: it is kept.
  expect(await limited(pool, (own) => own.pause({ tenant: "acme", sandboxId }))).toBeUndefined();
  const before = [await sql(pool, "SELECT * FROM sandbox"), await hosted(pool)];
  expect(await claim(pool, "cleo")).toMatchObject({
    code: "rate_limited",
    limit: "workspaces_per_tenant",
    retryAfterS: 60,
  });
  expect([await sql(pool, "SELECT * FROM sandbox"), await hosted(pool)]).toEqual(before);

  granted(await claim(pool, "cleo", "globex"));
  expect(granted(await claim(pool, "ada")).sandboxId).toBe(sandboxId);
  await limited(pool, (own) => own.end({ tenant: "acme", sandboxId }));
  granted(await claim(pool, "cleo"));
  expect(await claim(pool, "ada")).toMatchObject({ ok: false, code: "rate_limited" });
  expect((await rows(pool)).filter(({ tenant, state }) => tenant === "acme" && state !== "gone")).toHaveLength(2);
});

test("claims that come at once do not pass the limit together", async () => {
  const answers = await limited(newPool(), (own) =>
    Promise.all(["a", "b", "c", "d", "e"].map((agent) => own.claim(workspace(agent)))),
  );
  expect(answers.filter(({ ok }) => ok)).toHaveLength(2);
});
