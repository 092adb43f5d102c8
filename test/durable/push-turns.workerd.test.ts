import { expect, test } from "vitest";
import type { PushOutcome, PushRequest } from "../../src/durable/pushes/push-turns.ts";
import type { Pushed } from "../../src/ops/push.ts";
import { granted, newPool, type Pool, workspace } from "./support.ts";

const pushed = (commit: string): Pushed => ({
  branch: "agent/ada/t1",
  to: "main",
  commit,
  committed: true,
  pushed: true,
  rebased: false,
  merged: false,
  tree: "current",
});
const outcome = (commit: string): PushOutcome => ({ ok: true, value: pushed(commit) });

/** Returns a push to main of a new workspace. */
async function request(pool: Pool, agent: string, more: Partial<PushRequest> = {}): Promise<PushRequest> {
  const { sandboxId } = granted(await pool.claim(workspace(agent)));
  return { tenant: "acme", sandboxId, repeat: "one", to: "main", ...more };
}

async function turnOf(entered: ReturnType<Pool["push"]>) {
  const place = await entered;
  if (!place.ok || place.kind !== "turn") throw new Error(`no turn: ${JSON.stringify(place)}`);
  return place;
}

test("a push gets its sandbox and its turn in one call; the next gets its own when that has ended", async () => {
  const pool = newPool();
  const first = await request(pool, "first");
  const second = await request(pool, "second");
  const held = await turnOf(pool.push(first));
  expect(held).toMatchObject({ waited: false, grant: { sandboxId: first.sandboxId, source: "live" } });
  const order: string[] = [];
  const before: number[] = [];
  const waiting = turnOf(pool.push(second, async (count) => void before.push(count)));
  const next = waiting.then((place) => {
    order.push("second's turn");
    return place;
  });
  await expect.poll(() => before).toEqual([1]);
  order.push("first ends");
  await held.turn.end(outcome("1"));
  expect(await next).toMatchObject({ waited: true, grant: { sandboxId: second.sandboxId } });
  expect(order).toEqual(["first ends", "second's turn"]);
});

test("a holder that leaves without a word blocks nobody", async () => {
  const pool = newPool();
  const held = await turnOf(pool.push(await request(pool, "first")));
  const before: number[] = [];
  const next = turnOf(pool.push(await request(pool, "second"), async (count) => void before.push(count)));
  await expect.poll(() => before).toEqual([1]);
  held.turn[Symbol.dispose]();
  expect(await next).toMatchObject({ waited: true });
});

test("a repeat of a push gets what came of it, errors with all that they say", async () => {
  const pool = newPool();
  const asked = await request(pool, "first");
  const held = await turnOf(pool.push(asked));
  const told: number[] = [];
  const repeat = pool.push(asked, async (count) => void told.push(count));
  await expect.poll(() => told).toEqual([0]);
  const failed: PushOutcome = {
    ok: false,
    code: "conflict",
    detail: "The changes conflict.",
    details: { work: { committed: "c", pushed: false, tree: "unchanged" } },
  };
  await held.turn.end(failed);
  expect(await repeat).toMatchObject({ kind: "outcome", outcome: failed, joinedLate: true });
});

test("pushes to other branches, of unknown branches and of other tenants do not wait", async () => {
  const pool = newPool();
  await turnOf(pool.push(await request(pool, "first")));
  expect(await turnOf(pool.push(await request(pool, "second", { to: "other" })))).toMatchObject({ waited: false });
  const { to: _, ...unknown } = await request(pool, "third");
  expect(await turnOf(pool.push(unknown))).toMatchObject({ waited: false });
  const { sandboxId } = granted(await pool.claim(workspace("first", "other")));
  const foreign = { tenant: "other", sandboxId, repeat: "one", to: "main" };
  expect(await turnOf(pool.push(foreign))).toMatchObject({ waited: false });
});

test("a push of a workspace that is another tenant's, or nobody's, is refused as one that does not exist", async () => {
  const pool = newPool();
  const asked = await request(pool, "first");
  expect(await pool.push({ ...asked, tenant: "other" })).toMatchObject({ ok: false, code: "workspace_not_found" });
});
