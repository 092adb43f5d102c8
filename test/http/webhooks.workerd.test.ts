import { createExecutionContext, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod/v4";
import { problemSchema } from "../../src/api/schemas.ts";
import { deliveryPageSchema, sendingSchema, webhookListSchema, webhookSchema } from "../../src/api/webhook-schemas.ts";
import app from "../../src/index.ts";
import { keysFor } from "../support/api-keys.ts";
import { receive, webhookSql } from "../durable/webhooks-support.ts";

const ORIGIN = "https://warmtree.example";
const URL_A = "https://a.example.com/in";
const OPERATOR_KEY = "a-key-of-the-operator's-own";
const KEYS = { first: "acme", second: "globex" };
const SETTINGS = {
  ...env,
  API_KEYS: await keysFor(KEYS),
  OPERATOR_KEY,
  LOOPBACK_ACCESS: "keyed",
  PUBLIC_URL: "https://hooks.warmtree.example",
};
const hooks = env.WEBHOOKS.getByName("0");

beforeEach(async () => {
  for (const table of ["endpoint", "delivery"]) await webhookSql(hooks, `DELETE FROM ${table}`);
});
afterEach(() => void vi.restoreAllMocks());

async function send(key: string, method: string, path: string, body?: object, settings: object = SETTINGS) {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const request = new Request(ORIGIN + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  const answer = await app.fetch(request, settings, createExecutionContext());
  const text = await answer.text();
  return { status: answer.status, json: z.unknown().parse(text === "" ? undefined : JSON.parse(text)) };
}

/** The two sides, which have the same routes. */
const SIDES = [
  { side: "a tenant", key: "first", base: "/v1/webhooks", event: "workspace.paused", other: "template.failed" },
  {
    side: "the operator",
    key: OPERATOR_KEY,
    base: "/v1/operator/webhooks",
    event: "template.failed",
    other: "workspace.paused",
  },
] as const;

describe.each(SIDES)("the webhooks of $side", ({ key, base, event, other }) => {
  const add = (url = URL_A, events: readonly string[] = [event]) => send(key, "POST", base, { url, events });
  const added = async (url?: string) => webhookSchema.parse((await add(url)).json);
  const list = async () => webhookListSchema.parse((await send(key, "GET", base)).json).webhooks;

  test("are added, listed with their secrets, and removed", async () => {
    expect(await list()).toEqual([]);
    const first = await added();
    expect(first).toMatchObject({ url: URL_A, events: [event], secret: expect.stringMatching(/^whsec_/) });
    expect(await add()).toEqual({ status: 201, json: first });
    const second = await added("HTTPS://B.example.com");
    expect(second.url).toBe("https://b.example.com/");
    expect(second.secret).not.toBe(first.secret);
    expect(await list()).toEqual([first, second]);
    expect(await send(key, "DELETE", `${base}/${first.id}`)).toEqual({ status: 204, json: undefined });
    expect(await list()).toEqual([second]);
    const again = await send(key, "DELETE", `${base}/${first.id}`);
    expect(again).toMatchObject({ status: 404, json: { code: "webhook_not_found" } });
  });

  test("are tested, and the delivery is listed and sent again", async () => {
    const { id, secret } = await added();
    const received = receive();
    const tested = await send(key, "POST", `${base}/${id}/test`);
    expect(tested.status).toBe(202);
    await runDurableObjectAlarm(hooks);
    await expect.poll(() => received.length).toBe(1);
    const [one] = received;
    expect(new Webhook(secret).verify(one?.body ?? "", one?.headers ?? {})).toMatchObject({ type: "test" });
    const delivery = sendingSchema.parse(tested.json).id;
    expect(one?.headers["webhook-id"]).toBe(delivery);
    const page = async (query = "") =>
      deliveryPageSchema.parse((await send(key, "GET", `${base}/deliveries${query}`)).json);
    await expect
      .poll(async () => (await page()).deliveries)
      .toMatchObject([{ id: delivery, state: "delivered", data: { message: "Webhooks of Warmtree reach this URL." } }]);
    expect(await page("?state=dead")).toEqual({ deliveries: [] });
    const again = await send(key, "POST", `${base}/deliveries/${delivery}/redeliver`);
    expect(again).toEqual({ status: 202, json: { id: delivery } });
    await runDurableObjectAlarm(hooks);
    await expect.poll(() => received.length).toBe(2);
    expect(received[1]?.headers["webhook-id"]).toBe(delivery);
    await send(key, "POST", `${base}/${id}/test`);
    const first = await page("?limit=1");
    const second = await page(`?limit=1&cursor=${first.cursor}`);
    expect([first, second].map(({ deliveries }) => deliveries.length)).toEqual([1, 1]);
    expect(second.deliveries).toMatchObject([{ id: delivery }]);
    expect((await page(`?cursor=${second.cursor}`)).deliveries).toEqual([]);
  });

  test.each([
    ["an address that is not public", { url: "https://10.0.0.1/", events: [event] }, "url"],
    ["an address without https", { url: "http://a.example.com/", events: [event] }, "url"],
    ["its own address", { url: `${ORIGIN}/in`, events: [event] }, "url"],
    ["its public address", { url: "https://hooks.warmtree.example/in", events: [event] }, "url"],
    ["an event of the other side", { url: URL_A, events: [other] }, "events.0"],
    ["the event of a test", { url: URL_A, events: ["test"] }, "events.0"],
    ["a secret of its own", { url: URL_A, events: [event], secret: "whsec_" }, "secret"],
  ])("refuse %s", async (_, body, field) => {
    const { status, json } = await send(key, "POST", base, body);
    expect([status, problemSchema.parse(json)]).toEqual([
      400,
      expect.objectContaining({ code: "invalid_input", field }),
    ]);
    expect(await list()).toEqual([]);
  });

  test.each(["?state=gone", "?limit=0", "?limit=201", "?cursor=x", "?page=2"])("refuse the query %s", async (query) => {
    expect(await send(key, "GET", `${base}/deliveries${query}`)).toMatchObject({ status: 400 });
  });

  test("are at most 20", async () => {
    for (let n = 0; n < 20; n++) await added(`https://a.example.com/${n}`);
    const json = { code: "rate_limited", limit: "webhooks_per_tenant", detail: expect.stringContaining("20") };
    expect(await add()).toMatchObject({ status: 429, json });
  });

  test("are not there without LEASE_KEY, which the answer names", async () => {
    const routes = [
      ["GET", base],
      ["POST", base],
      ["DELETE", `${base}/wh_0`],
      ["POST", `${base}/wh_0/test`],
      ["GET", `${base}/deliveries`],
      ["POST", `${base}/deliveries/ev_0/redeliver`],
    ] as const;
    for (const [method, path] of routes) {
      const body = path === base && method === "POST" ? { url: URL_A, events: [event] } : undefined;
      const answer = await send(key, method, path, body, { ...SETTINGS, LEASE_KEY: "" });
      const json = { code: "not_found", detail: expect.stringContaining("LEASE_KEY") };
      expect([path, answer]).toMatchObject([path, { status: 404, json }]);
    }
  });

  test("are nobody else's: other keys find nothing, and change nothing", async () => {
    const { id, secret } = await added();
    const tested = await send(key, "POST", `${base}/${id}/test`);
    const delivery = sendingSchema.parse(tested.json).id;
    const others = [...SIDES, { key: "second", base: "/v1/webhooks" }].filter((one) => one.key !== key);
    for (const one of others) {
      const answers = [
        await send(one.key, "DELETE", `${one.base}/${id}`),
        await send(one.key, "POST", `${one.base}/${id}/test`),
        await send(one.key, "POST", `${one.base}/deliveries/${delivery}/redeliver`),
        // Their keys are right, but these routes belong to the other side.
        await send(one.key, "GET", base),
      ];
      const isSameSide = one.base === base;
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, isSameSide ? 200 : 401]);
      const seen = JSON.stringify([
        (await send(one.key, "GET", one.base)).json,
        (await send(one.key, "GET", `${one.base}/deliveries`)).json,
      ]);
      for (const text of [id, delivery, secret, URL_A]) expect(seen).not.toContain(text);
    }
    expect(await list()).toHaveLength(1);
  });
});

test("a look at secrets has a line in the audit, and no secret is in it", async () => {
  const { secret } = webhookSchema.parse(
    (await send("first", "POST", "/v1/webhooks", { url: URL_A, events: ["run.finished"] })).json,
  );
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  await send("first", "GET", "/v1/webhooks");
  await send("first", "GET", "/v1/webhooks/deliveries");
  await send("first", "DELETE", "/v1/webhooks/wh_0");
  expect(lines.map((line) => z.looseObject({}).parse(JSON.parse(line)))).toMatchObject([
    { tenant: "acme", what: "GET /v1/webhooks", verdict: "allowed" },
    { tenant: "acme", what: "DELETE /v1/webhooks/:webhook_id", verdict: "refused", code: "webhook_not_found" },
  ]);
  expect(lines.join()).not.toContain(secret);
});

test("a tenant's webhook may take no events: then it gets only those of runs that name its URL", async () => {
  expect(await send("first", "POST", "/v1/webhooks", { url: URL_A, events: [] })).toMatchObject({ status: 201 });
  const operator = SIDES.find(({ base }) => base === "/v1/operator/webhooks")?.key ?? "";
  const refused = await send(operator, "POST", "/v1/operator/webhooks", { url: URL_A, events: [] });
  expect(refused).toMatchObject({ status: 400, json: { field: "events" } });
});
