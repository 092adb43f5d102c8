import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { configOf } from "../../src/config.ts";
import { openSession } from "../../src/workspace/workspaces.ts";
import type { Caller } from "../../src/workspace/caller.ts";
import { granted, MINUTE_MS, sql, workspace } from "./support.ts";

const DAY_MS = 24 * 60 * MINUTE_MS;

const callerOf = (tenant: string): Caller => ({
  tenant,
  env,
  config: configOf(env),
  waitUntil: () => undefined,
  cost: { objectCalls: 0, sandboxMs: 0 },
});

const pool = env.SANDBOX_POOL.getByName("0");

async function pausedWorkspace(agentId: string, tenant: string): Promise<string> {
  const { sandboxId } = granted(await pool.claim(workspace(agentId, tenant)));
  await pool.pause({ tenant, sandboxId });
  return sandboxId;
}

const usedAgo = (sandboxId: string, ms: number) =>
  sql(pool, "UPDATE sandbox SET last_used_at = ? WHERE sandbox_id = ?", Date.now() - ms, sandboxId);

/** Whether a sandbox counts as running. A resumed one does from the moment E2B is asked. */
const running = async (sandboxId: string) =>
  (await sql(pool, "SELECT charged_until FROM sandbox WHERE sandbox_id = ?", sandboxId))[0]?.["charged_until"] !== null;

test("who was there within a day finds the last workspace resumed; after that nothing is", async () => {
  const sandboxId = await pausedWorkspace("ada", "returning");
  await usedAgo(sandboxId, DAY_MS + MINUTE_MS);
  await openSession(callerOf("returning"));
  expect(await running(sandboxId)).toBe(false);
  await usedAgo(sandboxId, DAY_MS - MINUTE_MS);
  await openSession(callerOf("somebody else"));
  await openSession(callerOf("somebody else"), sandboxId);
  expect(await running(sandboxId)).toBe(false);
  await openSession(callerOf("returning"));
  await expect.poll(() => running(sandboxId)).toBe(true);
});

test("while the last one runs, older ones sleep on; a name opens whichever it names", async () => {
  const older = await pausedWorkspace("ada", "busy");
  await usedAgo(older, MINUTE_MS);
  granted(await pool.claim(workspace("bob", "busy")));
  await openSession(callerOf("busy"));
  expect(await running(older)).toBe(false);
  await openSession(callerOf("busy"), older);
  await expect.poll(() => running(older)).toBe(true);
});

test("a workspace that is being resumed is paused after that", async () => {
  const sandboxId = await pausedWorkspace("ada", "wavering");
  await openSession(callerOf("wavering"));
  await pool.pause({ tenant: "wavering", sandboxId });
  expect(await running(sandboxId)).toBe(false);
});
