import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { configOf } from "../../src/config.ts";
import { Webhooks } from "../../src/durable/Webhooks.ts";
import { DeliveryTable } from "../../src/durable/webhooks/delivery-table.ts";
import type { Emission } from "../../src/webhooks/events.ts";
import { webhookSecret } from "../../src/webhooks/sign.ts";
import { newWebhooks, receive, webhookAlarm, webhookSql, type WebhooksStub } from "./webhooks-support.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const URL_A = "https://a.example.com/in";
const URL_B = "https://b.example.com/in";
const START = { createdAt: Number.MAX_SAFE_INTEGER, id: "" };

let hooks: WebhooksStub;
beforeEach(() => {
  hooks = newWebhooks();
});
afterEach(async () => {
  vi.restoreAllMocks();
  // The object's alarm would send to the receivers of the next test.
  await webhookSql(hooks, "DELETE FROM delivery");
});

/** Makes every row due that much earlier. */
const age = (ms: number) => webhookSql(hooks, "UPDATE delivery SET due_at = due_at - ?", ms);
const register = (url: string, tenant = "acme") => hooks.register({ tenant, url, events: ["run.finished"] });

function finished(id: string, more: { tenant?: string; url?: string } = {}, run = "r1"): Emission {
  const data = { run, ok: true, status: "done" as const, url: "/v1/runs/r1" };
  return { tenant: "acme", id, type: "run.finished", at: 1_000, data, ...more };
}

const all = (tenant = "acme") => hooks.deliveries({ tenant, after: START, limit: 1000 });
const only = async () => {
  const [first, ...others] = await all();
  expect(others).toEqual([]);
  return first;
};
/** Sends all due deliveries, and those that become due by it. */
const alarm = () => runDurableObjectAlarm(hooks);

/** Runs with another instance without LEASE_KEY, on the rows of the object. */
const withoutKey = <T>(run: (object: Webhooks, storage: DurableObjectStorage) => Promise<T>) =>
  runInDurableObject(hooks, (_: Webhooks, ctx) =>
    run(new Webhooks(ctx, Object.assign({ ...env }, { LEASE_KEY: "" })), ctx.storage),
  );

/** Writes deliveries without setting an alarm. */
const fill = (given: { state: string; count: number; dueAt: number; from?: number; tenant?: string; url?: string }) =>
  webhookSql(
    hooks,
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
     INSERT INTO delivery (delivery_id, event_id, tenant, url, type, body, state, due_at, created_at)
     SELECT ?3 || ?2 || i, ?2 || i, ?3, ?4, 'test', '{}', ?2, ?5, ?6 + i FROM n`,
    given.count,
    given.state,
    given.tenant ?? "acme",
    given.url ?? URL_A,
    given.dueAt,
    given.from ?? 0,
  );

describe("an event", () => {
  test("goes to every endpoint of its tenant that takes its type, signed, and no one else's", async () => {
    await register(URL_A);
    await register(URL_B);
    await hooks.register({ tenant: "acme", url: "https://c.example.com/", events: ["workspace.paused"] });
    await register("https://d.example.com/", "globex");
    const received = receive();
    expect(await hooks.emit(finished("one"))).toEqual({ ok: true, deliveries: 2 });
    await alarm();
    expect(received.map(({ url }) => url).toSorted()).toEqual([URL_A, URL_B]);
    for (const { url, headers, body } of received) {
      const secret = await webhookSecret(configOf(env).leaseKeys, { tenant: "acme", url });
      const told = { type: "run.finished", timestamp: "1970-01-01T00:00:01.000Z", data: { run: "r1", ok: true } };
      expect(new Webhook(secret).verify(body, headers)).toMatchObject(told);
      expect(headers["content-type"]).toBe("application/json");
    }
    expect((await all()).map(({ state, status, tries }) => [state, status, tries])).toEqual([
      ["delivered", 200, 1],
      ["delivered", 200, 1],
    ]);
    expect(await all("globex")).toEqual([]);
  });

  test("that names a URL goes there alone", async () => {
    await register(URL_A);
    const received = receive();
    await hooks.emit(finished("one", { url: URL_B }));
    await alarm();
    expect(received.map(({ url }) => url)).toEqual([URL_B]);
  });

  test("that is told again, at once or later, before or after an eviction, is sent once", async () => {
    await register(URL_A);
    const received = receive();
    await Promise.all([
      hooks.emit(finished("one")),
      hooks.emit(finished("one")),
      hooks.emit(finished("one", { url: URL_A })),
    ]);
    await alarm();
    await evictDurableObject(hooks);
    await hooks.emit(finished("one"));
    await alarm();
    expect(received).toHaveLength(1);
    await hooks.emit(finished("two"));
    await alarm();
    expect(received).toHaveLength(2);
    expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(2);
  });

  test("is refused with a body over 64 KiB, or a URL that is none for it", async () => {
    const large = finished("one", {}, "ü".repeat(33_000));
    expect(await hooks.emit(large)).toEqual({ ok: false, reason: "the body has more than 65536 bytes" });
    for (const url of ["https://10.0.0.1/", "http://a.example.com/"]) {
      expect(await hooks.emit(finished("one", { url }))).toMatchObject({ ok: false });
    }
    expect(await all()).toEqual([]);
  });

  test("tells nothing that its type does not name", async () => {
    await register(URL_A);
    const received = receive();
    const data = { run: "r1", ok: true, status: "done" as const, url: "/v1/runs/r1", token: "secret" };
    await hooks.emit({ ...finished("one"), type: "run.finished", data });
    await alarm();
    expect(received).toHaveLength(1);
    expect(received[0]?.body).not.toContain("secret");
  });

  test("is not taken without LEASE_KEY", async () => {
    const answer = await withoutKey((object) => object.emit(finished("one")));
    expect(answer).toEqual({ ok: false, reason: "LEASE_KEY is not set" });
  });
});

describe("a delivery", () => {
  test("that fails waits by the schedule, keeps its id and body, and is dead after the tenth try", async () => {
    await register(URL_A);
    const received = receive(() => new Response("no", { status: 500 }));
    await hooks.emit(finished("one"));
    await alarm();
    const first = await only();
    expect(first).toMatchObject({ state: "pending", tries: 1, status: 500, reason: "answered 500" });
    const wait = (first?.nextTryAt ?? 0) - Date.now();
    expect(wait).toBeGreaterThan(4000);
    expect(wait).toBeLessThanOrEqual(5500);
    expect(await webhookAlarm(hooks)).toBe(first?.nextTryAt);
    for (let tries = 2; tries <= 10; tries++) {
      await age(2 * DAY_MS);
      await alarm();
      expect(await only()).toMatchObject({ tries });
    }
    const dead = await only();
    expect(dead).toMatchObject({ state: "dead", status: 500, endedAt: expect.any(Number) });
    await age(DAY_MS);
    await alarm();
    expect(received).toHaveLength(10);
    expect(new Set(received.map(({ headers, body }) => `${headers["webhook-id"]} ${body}`)).size).toBe(1);
    expect(received[0]?.headers["webhook-id"]).toBe(dead?.id);
  });

  test("is given the time that its receiver asks for", async () => {
    await register(URL_A);
    receive(() => new Response(null, { status: 429, headers: { "Retry-After": "3600" } }));
    await hooks.emit(finished("one"));
    await alarm();
    expect((await only())?.nextTryAt).toBeGreaterThan(Date.now() + 0.99 * HOUR_MS);
  });

  test("follows no redirect", async () => {
    await register(URL_A);
    const received = receive(() => new Response(null, { status: 307, headers: { Location: URL_B } }));
    await hooks.emit(finished("one"));
    await alarm();
    expect(received.map(({ url }) => url)).toEqual([URL_A]);
    expect(await only()).toMatchObject({ state: "pending", status: 307, reason: expect.stringContaining("redirects") });
  });

  test("without a connection is tried again, and nothing is told of the network", async () => {
    await register(URL_A);
    receive(() => Promise.reject(new Error("connect to 10.1.2.3 failed")));
    await hooks.emit(finished("one"));
    await alarm();
    const delivery = await only();
    expect(delivery).toMatchObject({ state: "pending", tries: 1, reason: "no connection" });
    expect(delivery).not.toHaveProperty("status");
  });

  test("that is answered with 410 is dead, its endpoint is removed, and what was pending for that is given up", async () => {
    await register(URL_A);
    await register(URL_B);
    let status = 500;
    receive(({ url }) => new Response(null, { status: url === URL_A ? status : 200 }));
    await hooks.emit(finished("one"));
    await alarm();
    status = 410;
    await hooks.emit(finished("two"));
    await alarm();
    expect((await hooks.endpoints("acme")).map(({ url }) => url)).toEqual([URL_B]);
    const ofA = (await all()).filter(({ url }) => url === URL_A);
    expect(ofA.map(({ state, status: answer }) => [state, answer]).toSorted()).toEqual([
      ["dead", 410],
      ["dead", 500],
    ]);
    await hooks.emit(finished("three"));
    expect((await all()).filter(({ state }) => state === "pending").map(({ url }) => url)).toEqual([URL_B]);
  });

  test("is sent again by the alarm after a crash between the request and its record", async () => {
    await register(URL_A);
    const received = receive(() => new Promise(() => undefined));
    await hooks.emit(finished("one"));
    const broken = alarm().catch(() => undefined);
    await expect.poll(() => received.length).toBe(1);
    await abortAllDurableObjects();
    await broken;
    hooks = env.WEBHOOKS.getByName(hooks.name ?? "");
    vi.restoreAllMocks();
    expect(await only()).toMatchObject({ state: "pending", tries: 1, reason: "no answer yet" });
    const again = receive();
    await age(60_000);
    // The platform repeats an alarm that was cut off.
    await runInDurableObject(hooks, (object: Webhooks) => object.alarm());
    expect(await only()).toMatchObject({ state: "delivered", tries: 2 });
    expect(again[0]?.headers["webhook-id"]).toBe(received[0]?.headers["webhook-id"]);
    expect(again[0]?.body).toBe(received[0]?.body);
  });

  test("is sent by the alarm of an object that was evicted before", async () => {
    await register(URL_A);
    const received = receive();
    await hooks.emit(finished("one"));
    await evictDurableObject(hooks);
    await alarm();
    await expect.poll(() => received.length).toBe(1);
  });

  test("to an address that the settings no longer allow is dead", async () => {
    await register(URL_A);
    const received = receive();
    await webhookSql(hooks, "UPDATE endpoint SET url = 'https://10.0.0.1/'");
    await hooks.emit(finished("one"));
    await alarm();
    expect(received).toEqual([]);
    expect(await only()).toMatchObject({ state: "dead", reason: expect.stringContaining("public host") });
  });

  test("of a slow tenant leaves room for others, whose events come meanwhile", async () => {
    const gate = Promise.withResolvers<void>();
    const received = receive(async ({ url }) => {
      if (url.includes("slow")) await gate.promise;
      return new Response();
    });
    for (let n = 0; n < 5; n++) await register(`https://slow-${n}.example.com/`);
    for (let n = 0; n < 5; n++) await hooks.emit(finished(`slow ${n}`));
    // Sent by the platform's own alarm, which never runs twice at once.
    await expect.poll(() => received.length).toBe(4);
    await register(URL_B, "globex");
    await hooks.emit(finished("quick", { tenant: "globex" }));
    await expect.poll(() => received.at(-1)?.url).toBe(URL_B);
    expect(received).toHaveLength(5);
    gate.resolve();
    await expect.poll(async () => (await all()).filter(({ state }) => state === "delivered").length).toBe(25);
  });
});

describe("a free place", () => {
  test("is for the tenant with the fewest in flight, although others have queues and receivers that hang", async () => {
    const gates = Array.from({ length: 6 }, () => Promise.withResolvers<void>());
    const received = receive(async () => {
      await gates[received.length - 1]?.promise;
      return new Response();
    });
    const slow = ["slow", "slower"];
    for (let n = 0; n < 6; n++) {
      for (const tenant of slow) {
        await hooks.emit(finished(`${n}`, { tenant, url: `https://${tenant}-${n}.example.com/` }));
      }
    }
    // Sent by the platform's own alarm, which never runs twice at once.
    await expect.poll(() => received.length).toBe(6);
    await hooks.emit(finished("quick", { tenant: "quick", url: URL_B }));
    expect(received).toHaveLength(6);
    gates[0]?.resolve();
    await expect.poll(() => received.length).toBeGreaterThan(6);
    expect(received[6]?.url).toBe(URL_B);
    for (const { resolve } of gates) resolve();
    const delivered = async (tenant: string) => (await all(tenant)).filter(({ state }) => state === "delivered").length;
    await expect.poll(() => Promise.all([...slow, "quick"].map(delivered))).toEqual([6, 6, 1]);
  });

  test("is given without reading the queues", async () => {
    for (const tenant of ["slow", "slower"]) await fill({ state: "pending", count: 2_000, dueAt: 8e15, tenant });
    await fill({ state: "pending", count: 1, dueAt: 8e15 + 1, tenant: "quick" });
    await fill({ state: "pending", count: 1, dueAt: 9e15, tenant: "later" });
    const next = (flights: Record<string, number>) =>
      runInDurableObject(hooks, (_: Webhooks, { storage }) => {
        const reading = vi.spyOn(storage.sql, "exec");
        const row = new DeliveryTable(storage).nextDue(8.5e15, { flights, receivers: [] }, 4);
        const read = reading.mock.results.map(({ value }) =>
          value instanceof storage.sql.Cursor ? value.rowsRead : 0,
        );
        reading.mockRestore();
        expect(Math.max(...read)).toBeGreaterThan(0);
        expect(Math.max(...read)).toBeLessThan(50);
        return row?.tenant;
      });
    expect(await next({ slow: 1, slower: 2 })).toBe("quick");
    expect(await next({ slow: 2, slower: 1, quick: 2 })).toBe("slower");
    expect(await next({ slow: 4, slower: 4, quick: 3 })).toBe("quick");
    expect(await next({ slow: 4, slower: 4, quick: 4 })).toBeUndefined();
  });
});

describe("without LEASE_KEY", () => {
  test("pending ones wait, with an alarm an hour; ended ones are deleted in time", async () => {
    const received = receive();
    await fill({ state: "pending", count: 1, dueAt: 1 });
    await fill({ state: "dead", count: 1, dueAt: Date.now() + 10 * 60_000 });
    const alarms = await withoutKey(async (object, storage) => {
      const afterAlarm = async () => {
        await object.alarm();
        return ((await storage.getAlarm()) ?? 0) - Date.now();
      };
      const deletion = await afterAlarm();
      storage.sql.exec("UPDATE delivery SET due_at = 1");
      return { deletion, look: await afterAlarm() };
    });
    expect(alarms.deletion).toBeGreaterThan(5 * 60_000);
    expect(alarms.deletion).toBeLessThanOrEqual(10 * 60_000);
    expect(alarms.look).toBeGreaterThan(HOUR_MS - 5 * 60_000);
    expect(alarms.look).toBeLessThanOrEqual(HOUR_MS);
    expect((await all()).map(({ state, tries }) => [state, tries])).toEqual([["pending", 0]]);
    expect(received).toEqual([]);
  });

  test.each([
    ["call", () => hooks.endpoints("acme")],
    ["alarm", () => alarm()],
  ])("with a key again, the next %s sends what is pending", async (_, next) => {
    const received = receive();
    await fill({ state: "pending", count: 1, dueAt: 1 });
    await withoutKey((object) => object.alarm());
    await evictDurableObject(hooks);
    await next();
    await expect.poll(() => received.length).toBe(1);
    await expect.poll(async () => (await only())?.state).toBe("delivered");
  });
});

describe("sent again on request", () => {
  test.each([
    ["dead", 410],
    ["delivered", 200],
  ])("a %s one, with the same id and as many tries", async (state, status) => {
    await register(URL_A);
    const received = receive(() => new Response(null, { status: received.length === 1 ? status : 500 }));
    await hooks.emit(finished("one"));
    await alarm();
    const { id = "" } = (await only()) ?? {};
    expect(await only()).toMatchObject({ state });
    expect(await hooks.redeliver({ tenant: "acme", id })).toBe(true);
    await alarm();
    expect(received.map(({ headers }) => headers["webhook-id"])).toEqual([id, id]);
    expect(await only()).toMatchObject({ state: "pending", tries: 1, status: 500 });
  });

  test("a pending one is sent now, and one that is being sent only once", async () => {
    await register(URL_A);
    const gate = Promise.withResolvers<void>();
    const received = receive(async () => {
      if (received.length === 1) return new Response(null, { status: 500 });
      await gate.promise;
      return new Response();
    });
    await hooks.emit(finished("one"));
    await alarm();
    const { id = "" } = (await only()) ?? {};
    await hooks.redeliver({ tenant: "acme", id });
    const running = alarm();
    await expect.poll(() => received.length).toBe(2);
    await hooks.redeliver({ tenant: "acme", id });
    gate.resolve();
    await running;
    expect(await only()).toMatchObject({ state: "delivered", tries: 2 });
    expect(received).toHaveLength(2);
  });

  test("not another tenant's", async () => {
    await register(URL_A);
    await hooks.emit(finished("one"));
    const { id = "" } = (await only()) ?? {};
    expect(await hooks.redeliver({ tenant: "globex", id })).toBe(false);
    expect(await hooks.redeliver({ tenant: "acme", id: "ev_0" })).toBe(false);
  });
});

describe("endpoints", () => {
  test("the same URL again changes the events and keeps the id", async () => {
    const first = await register(URL_A);
    const again = await hooks.register({ tenant: "acme", url: URL_A, events: ["workspace.paused"] });
    expect(again).toEqual({ ...first, events: ["workspace.paused"] });
    expect(await hooks.emit(finished("one"))).toEqual({ ok: true, deliveries: 0 });
  });

  test("are at most 20 a tenant, whose URLs can still change", async () => {
    for (let n = 0; n < 20; n++) expect(await register(`https://a.example.com/${n}`)).toBeDefined();
    expect(await register("https://a.example.com/20")).toBeUndefined();
    expect(await register("https://a.example.com/3")).toBeDefined();
    expect(await register(URL_A, "globex")).toBeDefined();
  });

  test("are removed by their tenant alone, and what was pending is given up", async () => {
    const { id = "" } = (await register(URL_A)) ?? {};
    receive(() => new Response(null, { status: 500 }));
    await hooks.emit(finished("one"));
    await alarm();
    expect(await hooks.remove({ tenant: "globex", id })).toBe(false);
    expect(await hooks.remove({ tenant: "acme", id })).toBe(true);
    expect(await hooks.remove({ tenant: "acme", id })).toBe(false);
    expect(await only()).toMatchObject({ state: "dead", reason: expect.stringContaining("removed") });
  });

  test("are tested on request, each request once", async () => {
    const { id = "" } = (await register(URL_A)) ?? {};
    const received = receive();
    expect(await hooks.sendTest({ tenant: "globex", id, eventId: "x" })).toBeUndefined();
    const sent = [await hooks.sendTest({ tenant: "acme", id, eventId: "x" })];
    sent.push(await hooks.sendTest({ tenant: "acme", id, eventId: "x" }));
    const delivery = await only();
    expect(sent).toEqual([delivery?.id, delivery?.id]);
    await alarm();
    expect(received.map(({ body }) => JSON.parse(body))).toMatchObject([{ type: "test" }]);
  });
});

describe("what is kept", () => {
  test("delivered ones a week, dead ones a month; then no alarm is left", async () => {
    await register(URL_A);
    receive(({ body }) => new Response(null, { status: body.includes("dead") ? 410 : 200 }));
    await hooks.emit(finished("one", { url: URL_B }));
    await hooks.emit(finished("two", { url: URL_B }, "dead"));
    await alarm();
    const states = async () => (await all()).map(({ state }) => state).toSorted();
    expect(await states()).toEqual(["dead", "delivered"]);
    await age(7 * DAY_MS - 60_000);
    await alarm();
    expect(await states()).toEqual(["dead", "delivered"]);
    await age(60_000);
    await alarm();
    expect(await states()).toEqual(["dead"]);
    await age(23 * DAY_MS);
    await alarm();
    expect(await states()).toEqual([]);
    expect(await webhookAlarm(hooks)).toBeNull();
  });

  test("at most 10,000 a tenant: the oldest delivered go first, then the oldest dead, pending ones last", async () => {
    await fill({ state: "pending", count: 9_996, from: 1, dueAt: 9e15 });
    await fill({ state: "dead", count: 2, from: 20_000, dueAt: 9e15 });
    await fill({ state: "delivered", count: 2, from: 30_000, dueAt: 9e15 });
    const left = async () =>
      (await webhookSql(hooks, "SELECT state, COUNT(*) AS n FROM delivery GROUP BY state ORDER BY state")).map(
        ({ state, n }) => [state, n],
      );
    const emitted = async (id: string) => {
      await webhookSql(hooks, "UPDATE delivery SET due_at = 9e15");
      await hooks.emit(finished(id, { url: URL_A }));
    };
    receive(() => new Response(null, { status: 500 }));
    await emitted("1");
    expect(await webhookSql(hooks, "SELECT delivery_id FROM delivery WHERE state = 'delivered'")).toEqual([
      { delivery_id: "acmedelivered2" },
    ]);
    await emitted("2");
    await emitted("3");
    expect(await webhookSql(hooks, "SELECT delivery_id FROM delivery WHERE state = 'dead'")).toEqual([
      { delivery_id: "acmedead2" },
    ]);
    await emitted("4");
    await emitted("5");
    expect(await left()).toEqual([["pending", 10_000]]);
    expect(await webhookSql(hooks, "SELECT delivery_id FROM delivery WHERE delivery_id = 'acmepending1'")).toEqual([]);
    const newest = await hooks.deliveries({ tenant: "acme", after: START, limit: 1 });
    expect(newest).toMatchObject([{ url: URL_A }]);
  });

  test("is listed in pages, by state", async () => {
    receive();
    for (let n = 0; n < 5; n++) await hooks.emit(finished(`${n}`, { url: URL_A }));
    const listed: string[] = [];
    let after = START;
    for (;;) {
      const page = await hooks.deliveries({ tenant: "acme", after, limit: 2 });
      listed.push(...page.map(({ id }) => id));
      const last = page.at(-1);
      if (!last) break;
      after = last;
    }
    expect(listed).toEqual((await all()).map(({ id }) => id));
    expect(new Set(listed).size).toBe(5);
    await alarm();
    const inState = async (state: "pending" | "delivered" | "dead") =>
      (await hooks.deliveries({ tenant: "acme", state, after: START, limit: 9 })).length;
    await expect.poll(() => inState("delivered")).toBe(5);
    expect(await inState("pending")).toBe(0);
  });
});

test("one alarm sends 40 at most; the rest is due at once", async () => {
  const received = receive();
  await fill({ state: "pending", count: 60, dueAt: 1 });
  const sent = await runInDurableObject(hooks, async (object: Webhooks, { storage }) => {
    const arming = vi.spyOn(storage, "setAlarm").mockResolvedValue();
    await object.alarm();
    arming.mockRestore();
    return received.length;
  });
  expect(sent).toBe(40);
  await runInDurableObject(hooks, (object: Webhooks) => object.alarm());
  expect(received).toHaveLength(60);
});
