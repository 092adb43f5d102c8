import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod/v4";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { DEV_KEY } from "../../scripts/support/client.ts";
import { deliveryPageSchema, sendingSchema, webhookSchema } from "../../src/api/webhook-schemas.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";
import { call, remoteGit } from "../support/worker.ts";

let stack: Stack;
let receiver: Receiver;
let repo_url: string;

beforeAll(async () => {
  receiver = await startReceiver(({ path }) => {
    if (path === "/moved") return { status: 307, headers: { Location: "/elsewhere" } };
    return { status: path === "/gone" ? 410 : 204 };
  });
  // A few milliseconds of one sandbox: spent, however short the workspace runs.
  stack = await startStack({ bindings: { E2B_MONTHLY_BUDGET_USD: "0.0000001" } });
  await makeRepository(stack.git.root, "one", { files: 3, commits: 1 });
  repo_url = `${stack.git.url}/one.git`;
});
afterAll(async () => {
  await stack.close();
  await receiver.close();
});

async function send(method: string, path: string, body?: object): Promise<unknown> {
  const headers = { Authorization: `Bearer ${DEV_KEY}`, "Content-Type": "application/json" };
  const answer = await fetch(stack.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

const add = async (path: string, name: string, events: readonly string[]) =>
  webhookSchema.parse(await send("POST", path, { url: `${receiver.url}${name}`, events }));

const eventSchema = z.object({ type: z.string(), timestamp: z.iso.datetime(), data: z.looseObject({}) });

/** Returns the events that came to a path, each verified by the published library with the secret. */
function heard(path: string, secret: string) {
  const webhook = new Webhook(secret);
  return receiver.received
    .filter((request) => request.path === path)
    .map(({ headers, body }) => eventSchema.parse(webhook.verify(body, headers)));
}

const deliveries = async () => deliveryPageSchema.parse(await send("GET", "/v1/webhooks/deliveries")).deliveries;

test("a tenant hears of its paused work, the operator of the budget and of a new template; each is signed", async () => {
  const own = await add("/v1/webhooks", "/tenant", ["workspace.paused", "workspace.dropping"]);
  const operators = await add("/v1/operator/webhooks", "/operator", ["budget.reached", "template.promoted"]);
  const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id: "ada", task_id: "t1" });
  await call(stack, "edit", { sandbox_id, files: [{ path: "new.txt", content: "new\n" }] });
  await send("POST", `/v1/workspaces/${sandbox_id}/pause`);

  await until("the tenant hears of the pause", () => heard("/tenant", own.secret).length > 0);
  const head = remoteGit(stack, "one", "rev-parse", "main");
  expect(heard("/tenant", own.secret)).toMatchObject([
    { type: "workspace.paused", data: { sandbox_id, agent_id: "ada", task_id: "t1", head } },
  ]);

  await send("POST", "/v1/operator/template/builds");
  await until("the operator hears of budget and template", async () => {
    // The pool's alarm checks the budget, and needs an event to run.
    await send("GET", "/v1/workspaces");
    return heard("/operator", operators.secret).length >= 3;
  });
  const told = heard("/operator", operators.secret).toSorted((a, b) => a.type.localeCompare(b.type));
  expect(told).toMatchObject([
    { type: "budget.reached", data: { budget_usd: 1e-7, shards: 1 } },
    { type: "budget.reached" },
    { type: "template.promoted", data: { version: 1, name: "warmtree:v1" } },
  ]);
  expect(
    told
      .slice(0, 2)
      .map(({ data }) => data["percent"])
      .toSorted(),
  ).toEqual([100, 80]);
  await until("it is recorded", async () => (await deliveries()).every(({ state }) => state === "delivered"));
});

test("a delivery that was made is made again on request, with the same id", async () => {
  const { id, secret } = await add("/v1/webhooks", "/again", ["run.finished"]);
  const sending = sendingSchema.parse(await send("POST", `/v1/webhooks/${id}/test`));
  await until("the test arrives", () => heard("/again", secret).length === 1);
  const state = async () => (await deliveries()).find((delivery) => delivery.id === sending.id)?.state;
  await until("it is recorded", async () => (await state()) === "delivered");
  await send("POST", `/v1/webhooks/deliveries/${sending.id}/redeliver`);
  await until("it arrives again", () => heard("/again", secret).length === 2);
  const ids = receiver.received.filter(({ path }) => path === "/again").map(({ headers }) => headers["webhook-id"]);
  expect(ids).toEqual([sending.id, sending.id]);
});

test("no redirect is followed, and a receiver that is gone is asked once", async () => {
  const states = new Map<string, unknown>();
  for (const path of ["/moved", "/gone"]) {
    const { id } = await add("/v1/webhooks", path, ["run.finished"]);
    const sending = sendingSchema.parse(await send("POST", `/v1/webhooks/${id}/test`));
    await until(`${path} has answered`, async () => {
      const found = (await deliveries()).find((delivery) => delivery.id === sending.id);
      states.set(path, found);
      return found?.status !== undefined;
    });
  }
  expect(states.get("/moved")).toMatchObject({ state: "pending", tries: 1, status: 307 });
  expect(states.get("/gone")).toMatchObject({ state: "dead", tries: 1, status: 410 });
  expect(receiver.received.filter(({ path }) => path === "/elsewhere")).toEqual([]);
  const { webhooks } = z.object({ webhooks: z.array(webhookSchema) }).parse(await send("GET", "/v1/webhooks"));
  const urls = webhooks.map(({ url }) => url);
  expect(urls).toContain(`${receiver.url}/moved`);
  expect(urls).not.toContain(`${receiver.url}/gone`);
});

test("what is pending survives a crash of the Worker, and endpoints keep their secrets", async () => {
  const before = await add("/v1/webhooks", "/crash", ["run.finished"]);
  await stack.crashWorker();
  await stack.startWorker();
  expect(await add("/v1/webhooks", "/crash", ["run.finished"])).toEqual(before);
  const pending = (await deliveries()).filter(({ url }) => url.endsWith("/moved"));
  expect(pending).toMatchObject([{ state: "pending" }]);
});
