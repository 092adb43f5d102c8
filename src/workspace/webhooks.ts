import * as z from "zod/v4";
import type { DeliveryPageEnd, DeliveryState } from "../durable/webhooks/delivery-table.ts";
import type { DeliveryView } from "../durable/webhooks/delivery-view.ts";
import { type Endpoint, MAX_ENDPOINTS } from "../durable/webhooks/endpoint-table.ts";
import { WarmtreeError } from "../errors.ts";
import { addressRules, readAddress } from "../webhooks/address.ts";
import type { EventType } from "../webhooks/events.ts";
import { webhooksOf } from "../webhooks/object.ts";
import { webhookSecret } from "../webhooks/sign.ts";
import type { Caller } from "./caller.ts";

/** The owner of webhooks, and the context of the call; `tenant` is '' for the operator. */
export type WebhookOwner = Pick<Caller, "tenant" | "env" | "config" | "calledAt" | "cost">;

const RETRY_AFTER_S = 60;
/** Page start: before every delivery. */
const START: DeliveryPageEnd = { createdAt: Number.MAX_SAFE_INTEGER, id: "" };
/** Wire format of a DeliveryPageEnd. */
const CURSOR = /^(\d{1,16})\.(ev_[0-9a-f]{32})$/;

const notFound = (what: "webhook" | "delivery") =>
  new WarmtreeError(
    "webhook_not_found",
    `There is no such ${what}. GET /v1/webhooks lists yours, GET /v1/webhooks/deliveries their deliveries.`,
  );

/** Returns the object that holds the owner's webhooks, and counts the call. @throws not_found without LEASE_KEY */
function objectOf({ tenant, env, config, cost }: WebhookOwner) {
  if (config.leaseKeys.length === 0) {
    throw new WarmtreeError(
      "not_found",
      "There are no webhooks without LEASE_KEY, which their secrets are derived from. " +
        "The operator makes it with `npm run key -- --lease`.",
    );
  }
  cost.objectCalls++;
  return webhooksOf(env, config, tenant);
}

/**
 * Adds a webhook, or changes the events of the webhook with the same URL.
 * @throws invalid_input, rate_limited
 */
export async function addWebhook(owner: WebhookOwner, asked: { url: string; events: readonly EventType[] }) {
  const object = objectOf(owner);
  const address = readAddress(asked.url, addressRules(owner.config, owner.calledAt));
  if (!address.ok) {
    throw new WarmtreeError("invalid_input", `url: ${address.detail}. Nothing was done.`, { field: "url" });
  }
  const events = [...new Set(asked.events)];
  const endpoint = await object.register({ tenant: owner.tenant, url: address.url, events });
  if (endpoint) return wireEndpoint(owner, endpoint);
  throw new WarmtreeError(
    "rate_limited",
    `There are ${MAX_ENDPOINTS} webhooks, and there can be no more. Nothing was done. Remove one that you no longer need.`,
    { retryAfterS: RETRY_AFTER_S, limit: "webhooks_per_tenant" },
  );
}

/** Lists the owner's webhooks with their secrets, the oldest first. */
export async function listWebhooks(owner: WebhookOwner) {
  const endpoints = await objectOf(owner).endpoints(owner.tenant);
  return { webhooks: await Promise.all(endpoints.map((endpoint) => wireEndpoint(owner, endpoint))) };
}

/** @throws webhook_not_found */
export async function removeWebhook(owner: WebhookOwner, id: string): Promise<void> {
  if (!(await objectOf(owner).remove({ tenant: owner.tenant, id }))) throw notFound("webhook");
}

/** Sends an event of type `test`. @throws webhook_not_found */
export async function testWebhook(owner: WebhookOwner, id: string): Promise<{ id: string }> {
  const eventId = `test ${crypto.randomUUID()}`;
  const delivery = await objectOf(owner).sendTest({ tenant: owner.tenant, id, eventId });
  if (delivery === undefined) throw notFound("webhook");
  return { id: delivery };
}

/** Lists deliveries, the newest first. @throws invalid_input for an unknown cursor */
export async function listDeliveries(
  owner: WebhookOwner,
  { state, limit, cursor }: { state?: DeliveryState; limit: number; cursor?: string },
) {
  const after = cursor === undefined ? START : pageEnd(cursor);
  const asked = { tenant: owner.tenant, after, limit, ...(state && { state }) };
  const found = await objectOf(owner).deliveries(asked);
  const last = found.at(-1);
  const more = last && found.length === limit ? { cursor: `${last.createdAt}.${last.id}` } : {};
  return { deliveries: found.map(wireDelivery), ...more };
}

/** Sends a delivery again. @throws webhook_not_found */
export async function redeliver(owner: WebhookOwner, id: string): Promise<{ id: string }> {
  if (!(await objectOf(owner).redeliver({ tenant: owner.tenant, id }))) throw notFound("delivery");
  return { id };
}

function pageEnd(cursor: string): DeliveryPageEnd {
  const [, createdAt, id] = CURSOR.exec(cursor) ?? [];
  if (id !== undefined) return { createdAt: Number(createdAt), id };
  throw new WarmtreeError("invalid_input", "cursor is not the end of a page of this list.", { field: "cursor" });
}

async function wireEndpoint({ tenant, config }: WebhookOwner, { id, url, events, createdAt }: Endpoint) {
  const secret = await webhookSecret(config.leaseKeys, { tenant, url });
  return { id, url, events: [...events], secret, created_at: rfc3339(createdAt) };
}

const eventBody = z.object({ data: z.looseObject({}) });

function wireDelivery({ id, type, url, body, state, tries, createdAt, ...view }: DeliveryView) {
  const { nextTryAt, triedAt, endedAt, status, reason } = view;
  return {
    id,
    type,
    data: eventBody.parse(JSON.parse(body)).data,
    url,
    state,
    tries,
    created_at: rfc3339(createdAt),
    ...(nextTryAt !== undefined && { next_try_at: rfc3339(nextTryAt) }),
    ...(triedAt !== undefined && { tried_at: rfc3339(triedAt) }),
    ...(endedAt !== undefined && { ended_at: rfc3339(endedAt) }),
    ...(status !== undefined && { status }),
    ...(reason !== undefined && { reason }),
  };
}

const rfc3339 = (timeMs: number) => new Date(timeMs).toISOString();
