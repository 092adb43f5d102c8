import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod/v4";
import type { SandboxPool } from "../../src/durable/SandboxPool.ts";
import { Ledger } from "../../src/durable/storage/ledger.ts";
import { Webhooks } from "../../src/durable/Webhooks.ts";
import type { Grant } from "../../src/durable/sandboxes/grant.ts";
import { e2b, endFaults, fault, granted, MINUTE_MS, newPool, type Pool, shell, sql, workspace } from "./support.ts";
import { receive, webhookSql } from "./webhooks-support.ts";

const DAY_MS = 24 * 60 * MINUTE_MS;
const COMMIT = `git -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m x`;
const PUSHED = `git init -q -b main ~/repo && cd ~/repo && ${COMMIT} && git update-ref refs/remotes/origin/main HEAD`;
const WORK = `${PUSHED} && ${COMMIT}`;

// The pool has one shard, so the webhooks have one.
const hooks = env.WEBHOOKS.getByName("0");

const realNow = Date.now.bind(Date);
function clockAheadBy(ms: number): void {
  vi.spyOn(Date, "now").mockImplementation(() => realNow() + ms);
}

let pool: Pool;
beforeEach(async () => {
  pool = newPool();
  receive();
  const events = ["workspace.paused", "workspace.dropping"] as const;
  await hooks.register({ tenant: "acme", url: "https://acme.example.com/", events: [...events] });
  const operators = ["template.promoted", "template.failed", "budget.reached"] as const;
  await hooks.register({ tenant: "", url: "https://operator.example.com/", events: [...operators] });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await endFaults();
  await webhookSql(hooks, "DELETE FROM delivery");
});

async function claimed(script: string): Promise<Grant> {
  const grant = granted(await pool.claim(workspace()));
  await shell(grant, script);
  return grant;
}
const pause = ({ sandboxId }: Grant) => pool.pause({ tenant: "acme", sandboxId });

const outbox = () => sql(pool, "SELECT event, failures FROM outbox");
const toldSchema = z.object({ type: z.string(), timestamp: z.string(), data: z.looseObject({}) });

/** Returns the events that the webhooks have got from this pool, once its outbox is empty. */
async function told(tenant = "acme"): Promise<z.output<typeof toldSchema>[]> {
  await runDurableObjectAlarm(pool);
  await expect.poll(outbox).toEqual([]);
  const rows = await webhookSql(hooks, "SELECT body FROM delivery WHERE tenant = ? ORDER BY rowid", tenant);
  const own = (await sql(pool, "SELECT sandbox_id FROM sandbox")).map(({ sandbox_id: id }) => String(id));
  // The clock is set for all objects: the pool of an earlier test may drop its own workspaces meanwhile.
  return rows
    .map(({ body }) => toldSchema.parse(JSON.parse(String(body))))
    .filter(({ data }) => data["sandbox_id"] === undefined || own.includes(String(data["sandbox_id"])));
}

describe("a workspace that is paused", () => {
  test("with unpushed work is told once, with what it holds and until when", async () => {
    const grant = await claimed(WORK);
    await pause(grant);
    const [row] = await sql(pool, "SELECT head, last_used_at FROM sandbox");
    expect(await told()).toEqual([
      {
        type: "workspace.paused",
        timestamp: expect.stringMatching(/^20/),
        data: {
          sandbox_id: grant.sandboxId,
          repository: "github.com/o/r",
          agent_id: "ada",
          task_id: "t1",
          head: row?.["head"],
          drops_at: new Date(Number(row?.["last_used_at"]) + 28 * DAY_MS).toISOString(),
        },
      },
    ]);
    await sql(pool, "UPDATE sandbox SET due_at = 1");
    expect(await told()).toHaveLength(1);
    granted(await pool.use({ tenant: "acme", sandboxId: grant.sandboxId }));
    await pause(grant);
    expect(await told()).toHaveLength(2);
  });

  test("with nothing unpushed is not told", async () => {
    await pause(await claimed(PUSHED));
    expect(await told()).toEqual([]);
  });

  test("waits for no webhook, and is told when they work again, also after an eviction", async () => {
    const failing = vi.spyOn(Webhooks.prototype, "emit").mockRejectedValue(new Error("away"));
    await pause(await claimed(WORK));
    expect(await outbox()).toHaveLength(1);
    await runDurableObjectAlarm(pool);
    await expect.poll(async () => (await outbox())[0]?.["failures"]).toBeGreaterThan(0);
    await evictDurableObject(pool);
    failing.mockRestore();
    await sql(pool, "UPDATE outbox SET due_at = 1");
    expect(await told()).toHaveLength(1);
  });

  test("is told once although the pool lost the answer of the webhooks", async () => {
    const failing = vi.spyOn(Webhooks.prototype, "emit").mockRejectedValue(new Error("away"));
    await pause(await claimed(WORK));
    const [row] = await outbox();
    failing.mockRestore();
    await sql(pool, "UPDATE outbox SET due_at = 1");
    expect(await told()).toHaveLength(1);
    await sql(pool, "INSERT INTO outbox (event, due_at) VALUES (?, 1)", String(row?.["event"]));
    await runInDurableObject(pool, (object: SandboxPool) => object.alarm());
    expect(await outbox()).toEqual([]);
    expect(await told()).toHaveLength(1);
  });

  test("is told once although E2B pauses it at the second try", async () => {
    const grant = await claimed(WORK);
    await fault({ controlErrors: { count: 1, status: 429, retryAfterS: 3600 } });
    await pause(grant);
    await sql(pool, "UPDATE sandbox SET due_at = 1");
    expect(await told()).toHaveLength(1);
    expect((await e2b.get(grant.session.sandboxId)).state).toBe("paused");
  });

  test("only to begin another run is not told", async () => {
    const grant = await claimed(WORK);
    const began = (await e2b.get(grant.session.sandboxId)).startedAtMs;
    // So near to its end that E2B, whose longest run is reached, extends it no further.
    await fault({ longestRunS: 200 });
    await sql(pool, "UPDATE sandbox SET due_at = 1, ends_at = ?", Date.now() + MINUTE_MS);
    await runDurableObjectAlarm(pool);
    const { state, startedAtMs } = await e2b.get(grant.session.sandboxId);
    expect([state, startedAtMs > began]).toEqual(["running", true]);
    expect(await told()).toEqual([]);
  });
});

describe("a drop", () => {
  const types = async () => (await told()).map(({ type }) => type);
  const dropping = async () => (await told()).filter(({ type }) => type === "workspace.dropping");
  const alarmAt = async (ms: number) => {
    clockAheadBy(ms);
    await runDurableObjectAlarm(pool);
  };

  test("of unpushed work is told a day before", async () => {
    const grant = await claimed(WORK);
    await pause(grant);
    await alarmAt(21 * DAY_MS + 1000);
    expect(await types()).toEqual(["workspace.paused"]);
    await alarmAt(27 * DAY_MS);
    expect(await dropping()).toEqual([]);
    await alarmAt(27 * DAY_MS + MINUTE_MS);
    const [view] = await pool.list("acme");
    const drops_at = new Date(view?.dropsAt ?? 0).toISOString();
    expect(await dropping()).toMatchObject([{ data: { sandbox_id: grant.sandboxId, unpushed: true, drops_at } }]);
    await alarmAt(28 * DAY_MS - MINUTE_MS);
    expect(await pool.list("acme")).toMatchObject([{ state: "paused" }]);
    expect(await dropping()).toHaveLength(1);
  });

  test("of a clean workspace is told a day before, and it is dropped at its time", async () => {
    const grant = await claimed(PUSHED);
    await pause(grant);
    await alarmAt(13 * DAY_MS - MINUTE_MS);
    expect(await dropping()).toEqual([]);
    await alarmAt(13 * DAY_MS + MINUTE_MS);
    expect(await dropping()).toMatchObject([{ data: { sandbox_id: grant.sandboxId, unpushed: false } }]);
    await alarmAt(14 * DAY_MS + MINUTE_MS);
    expect(await pool.list("acme")).toMatchObject([{ state: "gone" }]);
    expect(await dropping()).toHaveLength(1);
  });

  test("that a use calls off is told anew", async () => {
    const grant = await claimed(PUSHED);
    await pause(grant);
    await alarmAt(13 * DAY_MS + MINUTE_MS);
    granted(await pool.use({ tenant: "acme", sandboxId: grant.sandboxId }));
    await pause(grant);
    expect(await dropping()).toHaveLength(1);
    await alarmAt(26 * DAY_MS + 3 * MINUTE_MS);
    expect(await dropping()).toHaveLength(2);
  });

  test("that is nearer than a day when the workspace is paused is told at once", async () => {
    const grant = await claimed(PUSHED);
    await sql(pool, "UPDATE sandbox SET last_used_at = last_used_at - ?", 13.5 * DAY_MS);
    await pause(grant);
    await runDurableObjectAlarm(pool);
    expect(await dropping()).toMatchObject([{ data: { unpushed: false } }]);
    expect(await pool.list("acme")).toMatchObject([{ state: "paused" }]);
  });
});

test("an event that no longer parses is logged once as an error and deleted, and holds up no other", async () => {
  const logged: string[] = [];
  for (const level of ["warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((line: string) => logged.push(`${level} ${line}`));
  }
  const add = (event: string) => sql(pool, "INSERT INTO outbox (event, due_at) VALUES (?, 1)", event);
  const data = { version: 8, reason: "no space" };
  const event = { tenant: "", id: "template 8", type: "template.failed", at: 1, data };
  await add('{"url":"https://a.example.com/?token=hidden');
  await add(JSON.stringify({ ...event, type: "template.lost" }));
  await add(JSON.stringify({ ...event, url: ["hidden"] }));
  await add(JSON.stringify(event));
  for (let n = 0; n < 2; n++) await runInDurableObject(pool, (object: SandboxPool) => object.alarm());
  expect(await outbox()).toEqual([]);
  expect(await told("")).toMatchObject([{ type: "template.failed", data }]);
  const lines = logged.filter((line) => line.includes("webhook_"));
  expect(lines.map((line) => line.slice(0, line.indexOf(",")))).toEqual(
    Array.from({ length: 3 }, () => 'error {"event":"webhook_unreadable"'),
  );
  expect(lines.join()).toContain("template.lost");
  expect(lines.join()).not.toContain("hidden");
});

describe("the operator", () => {
  test("is told of builds that end", async () => {
    const building = { version: 8, state: "building", startedAt: 1 } as const;
    await pool.noteTemplateBuild(building);
    for (let n = 0; n < 2; n++) {
      await pool.noteTemplateBuild({ ...building, state: "failed", endedAt: 2, reason: "no space" });
    }
    await pool.noteTemplateBuild({ ...building, version: 9, state: "promoted", endedAt: 3, git: "2.55.0" });
    expect(await told("")).toMatchObject([
      { type: "template.failed", data: { version: 8, reason: "no space" } },
      { type: "template.promoted", data: { version: 9, name: "warmtree:v9", git: "2.55.0" } },
    ]);
  });

  test("is told once a month each of 80 and 100 percent of the budget, of 20 USD", async () => {
    const spend = (usd: number, at = Date.now()) =>
      sql(pool, "INSERT OR REPLACE INTO ledger VALUES (?, 1, ?)", at - (at % 3_600_000), Math.round(usd * 1000));
    const look = async (ms: number) => {
      clockAheadBy(ms);
      await runInDurableObject(pool, (object: SandboxPool) => object.alarm());
      return (await told("")).map(({ data }) => data);
    };
    const month = new Date().toISOString().slice(0, 7);
    await spend(15.9);
    expect(await look(0)).toEqual([]);
    await spend(16.1);
    const at80 = { percent: 80, month, spent_usd: 16.1, budget_usd: 20, shards: 1 };
    expect(await look(10_000)).toEqual([at80]);
    expect(await look(20_000)).toEqual([at80]);
    await spend(20);
    expect(await look(30_000)).toEqual([at80, { ...at80, percent: 100, spent_usd: 20 }]);
    const next = Date.now() + 32 * DAY_MS;
    await spend(30, next);
    expect((await look(32 * DAY_MS)).map((data) => data["percent"])).toEqual([80, 100, 80, 100]);
  });

  test("is not told of a month's spend in the next month", async () => {
    const start = Date.UTC(2031, 0, 31, 23, 59, 55);
    const lookAt = async (now: number) => {
      vi.spyOn(Date, "now").mockImplementation(() => now);
      await runInDurableObject(pool, (object: SandboxPool) => object.alarm());
      return (await told("")).map(({ data }) => [data["percent"], data["month"]]);
    };
    await sql(pool, "INSERT INTO ledger VALUES (?, 1, ?)", start - (start % 3_600_000), 17_000);
    expect(await lookAt(start)).toEqual([[80, "2031-01"]]);
    expect(await lookAt(start + 6_000)).toEqual([[80, "2031-01"]]);
  });

  test("costs an alarm no look at every sandbox: the spend is added up once in ten seconds", async () => {
    const spend = vi.spyOn(Ledger.prototype, "spend");
    for (let n = 0; n < 3; n++) await runInDurableObject(pool, (object: SandboxPool) => object.alarm());
    const [own] = spend.mock.contexts;
    expect(spend.mock.contexts.filter((ledger) => ledger === own)).toHaveLength(1);
  });
});
