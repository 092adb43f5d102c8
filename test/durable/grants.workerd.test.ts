import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { configOf } from "../../src/config.ts";
import { pauseWorkspace } from "../../src/workspace/workspaces.ts";
import { useWorkspace } from "../../src/workspace/grants.ts";
import type { Caller } from "../../src/workspace/caller.ts";
import { granted, workspace } from "./support.ts";

const pool = env.SANDBOX_POOL.getByName("0");

/** Returns a caller, and the work that it passes to waitUntil. */
function callerOf(tenant: string): { caller: Caller; left: Promise<unknown>[] } {
  const left: Promise<unknown>[] = [];
  const cost = { objectCalls: 0, sandboxMs: 0 };
  return { caller: { tenant, env, config: configOf(env), waitUntil: (work) => left.push(work), cost }, left };
}

async function usedWorkspace(tenant: string): Promise<string> {
  const { sandboxId } = granted(await pool.claim(workspace("ada", tenant)));
  await useWorkspace(callerOf(tenant).caller, sandboxId);
  return sandboxId;
}

const lastUsed = async (tenant: string) => (await pool.list(tenant))[0]?.lastUsedAt ?? 0;

test("a use of what was granted a moment ago does not wait for the pool, which hears of it", async () => {
  const sandboxId = await usedWorkspace("quick");
  const before = await lastUsed("quick");
  await expect.poll(() => Date.now()).toBeGreaterThan(before);
  const { caller, left } = callerOf("quick");
  expect(await useWorkspace(caller, sandboxId)).toMatchObject({ sandboxId, source: "live" });
  expect(caller.cost).toMatchObject({ objectCalls: 0, given: { sandboxId, source: "live" } });
  await Promise.all(left);
  expect(caller.cost.objectCalls).toBe(1);
  expect(await lastUsed("quick")).toBeGreaterThan(before);
});

test.each([
  ["was ended", (request: { tenant: string; sandboxId: string }) => pool.end(request), { code: "workspace_gone" }],
  ["was paused", (request: { tenant: string; sandboxId: string }) => pool.pause(request), undefined],
])(
  "where a workspace %s elsewhere, the pool says so to the next use, and resumes nothing for this one",
  async (how, stop, refusal) => {
    const sandboxId = await usedWorkspace(how);
    await stop({ tenant: how, sandboxId });
    const { caller, left } = callerOf(how);
    await useWorkspace(caller, sandboxId);
    await Promise.all(left);
    expect((await pool.list(how)).map(({ state }) => state)).not.toContain("bound");
    const next = useWorkspace(caller, sandboxId);
    await (refusal
      ? expect(next).rejects.toMatchObject(refusal)
      : expect(next).resolves.toMatchObject({ source: "paused" }));
  },
);

test("a workspace whose sandbox turned out not to run, or that was paused, is asked for and waited for", async () => {
  const sandboxId = await usedWorkspace("paused");
  const late = callerOf("paused");
  const { generation } = await useWorkspace(late.caller, sandboxId);
  await pauseWorkspace(callerOf("paused").caller, sandboxId);
  const resumed = await useWorkspace(callerOf("paused").caller, sandboxId);
  expect(resumed).toMatchObject({ source: "paused" });
  expect(resumed.generation).toBeGreaterThan(generation);
  await Promise.all(late.left);
  const again = await useWorkspace(callerOf("paused").caller, sandboxId, resumed.generation);
  expect(again.generation).toBeGreaterThan(resumed.generation);
  expect(await useWorkspace(callerOf("paused").caller, sandboxId)).toMatchObject({ generation: again.generation });
});
