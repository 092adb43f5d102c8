import type { Hono } from "hono";
import type * as z from "zod/v4";
import {
  type deliveryPageSchema,
  deliveryQuery,
  operatorWebhookInput,
  type sendingSchema,
  webhookInput,
  type webhookListSchema,
  type webhookSchema,
} from "../../api/webhook-schemas.ts";
import { parseInput, parseQuery } from "../../execution/parse-input.ts";
import { type EventType, OPERATOR } from "../../webhooks/events.ts";
import {
  addWebhook,
  listDeliveries,
  listWebhooks,
  redeliver,
  removeWebhook,
  testWebhook,
  type WebhookOwner,
} from "../../workspace/webhooks.ts";
import { answer } from "../answer.ts";
import { auditOf } from "../audit.ts";
import { readJsonObject } from "../body.ts";
import { callerOf } from "../caller.ts";
import type { HttpContext } from "../context.ts";
import { operatorOf } from "../operator.ts";

/** Adds the routes of webhooks: a tenant's with its API key, the operator's with OPERATOR_KEY. */
export function addWebhookRoutes(app: Hono<{ Bindings: Env }>): void {
  addRoutes(app, "/v1/webhooks", webhookInput, callerOf);
  addRoutes(app, "/v1/operator/webhooks", operatorWebhookInput, async (c) => ({
    ...(await operatorOf(c)),
    tenant: OPERATOR,
  }));
}

function addRoutes(
  app: Hono<{ Bindings: Env }>,
  path: string,
  input: z.ZodType<{ url: string; events: readonly EventType[] }>,
  ownerOf: (c: HttpContext) => Promise<WebhookOwner>,
): void {
  app.get(path, async (c) => {
    const listed = await listWebhooks(await ownerOf(c));
    // Logged although it only reads, because the response shows secrets.
    auditOf(c).notes({});
    return answer(listed satisfies z.output<typeof webhookListSchema>);
  });
  app.post(path, async (c) => {
    const owner = await ownerOf(c);
    const added = await addWebhook(owner, parseInput(input, await readJsonObject(c.req.raw)));
    return answer(added satisfies z.output<typeof webhookSchema>, { status: 201 });
  });
  app.get(`${path}/deliveries`, async (c) => {
    const owner = await ownerOf(c);
    const page = await listDeliveries(owner, parseQuery(deliveryQuery, c.req.query()));
    return answer(page satisfies z.output<typeof deliveryPageSchema>);
  });
  app.post(`${path}/deliveries/:delivery_id/redeliver`, async (c) => {
    const sending = await redeliver(await ownerOf(c), c.req.param("delivery_id"));
    return answer(sending satisfies z.output<typeof sendingSchema>, { status: 202 });
  });
  app.delete(`${path}/:webhook_id`, async (c) => {
    await removeWebhook(await ownerOf(c), c.req.param("webhook_id"));
    return answer(null);
  });
  app.post(`${path}/:webhook_id/test`, async (c) => {
    const sending = await testWebhook(await ownerOf(c), c.req.param("webhook_id"));
    return answer(sending satisfies z.output<typeof sendingSchema>, { status: 202 });
  });
}
