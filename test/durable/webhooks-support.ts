import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { Webhooks } from "../../src/durable/Webhooks.ts";

let objects = 0;
/** Returns a Webhooks object that no other test has seen. */
export const newWebhooks = () => env.WEBHOOKS.getByName(`test-${++objects}`);
export type WebhooksStub = ReturnType<typeof newWebhooks>;

export const webhookSql = (stub: WebhooksStub, query: string, ...bindings: (string | number | null)[]) =>
  runInDurableObject(stub, (_: Webhooks, { storage }) => storage.sql.exec(query, ...bindings).toArray());

export const webhookAlarm = (stub: WebhooksStub) =>
  runInDurableObject(stub, (_: Webhooks, { storage }) => storage.getAlarm());

/** A request as a receiver got it. */
export interface Received {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

type Answering = (request: Received) => Response | Promise<Response>;

/** Answers in place of every receiver; passes other requests on. */
export function receive(answer: Answering = () => new Response()): Received[] {
  const received: Received[] = [];
  const elsewhere = globalThis.fetch.bind(globalThis);
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    if (!request.headers.has("webhook-id")) return elsewhere(input, init);
    const { url, headers } = request;
    const one = { url, headers: Object.fromEntries(headers), body: await request.text() };
    received.push(one);
    return answer(one);
  });
  return received;
}
