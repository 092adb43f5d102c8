import type * as z from "zod/v4";
import { EVENT_MEANINGS, EVENT_TYPES, type EventType } from "../webhooks/events.ts";
import { json, jsonSchema, queryParameters } from "./json-schema.ts";
import { problems } from "./openapi-problems.ts";
import {
  deliveryPageSchema,
  deliveryQuery,
  eventBody,
  operatorWebhookInput,
  sendingSchema,
  webhookInput,
  webhookListSchema,
  webhookSchema,
} from "./webhook-schemas.ts";

interface Side {
  readonly path: string;
  readonly input: z.ZodType;
  /** Prefix of the routes' operationIds. */
  readonly prefix: string;
  readonly whose: string;
  /** Absent for an API key, whose requests are counted. */
  readonly security?: readonly object[];
}

const TENANT: Side = { path: "/v1/webhooks", input: webhookInput, prefix: "", whose: "your" };
const OPERATOR: Side = {
  path: "/v1/operator/webhooks",
  input: operatorWebhookInput,
  prefix: "operator",
  whose: "the operator's",
  security: [{ operatorKey: [] }],
};

/** Describes the routes of webhooks: a tenant's, and the operator's. */
export function webhookRoutes(): object {
  return { ...routesOf(TENANT), ...routesOf(OPERATOR) };
}

function routesOf({ path, input, prefix, whose, security }: Side) {
  const common = (name: string, summary: string) => ({
    operationId: prefix === "" ? name : prefix + name.charAt(0).toUpperCase() + name.slice(1),
    summary,
    ...(security && { security }),
  });
  // Requests of the operator are not counted.
  const counted = security ? [] : [429];
  const failing = (...more: number[]) => problems([400, 401, 404, ...counted, ...more, 500, 503]);
  return {
    [path]: {
      get: {
        ...common("listWebhooks", `Lists ${whose} webhooks, with their secrets.`),
        responses: { 200: json("The webhooks", webhookListSchema), ...failing() },
      },
      post: {
        ...common("addWebhook", `Adds one of ${whose} webhooks. The same URL again changes its events.`),
        requestBody: { required: true, content: { "application/json": { schema: jsonSchema(input, "input") } } },
        responses: { 201: json("The webhook", webhookSchema), ...failing(413, 415, 429) },
      },
    },
    [`${path}/{webhook_id}`]: {
      parameters: [idParameter("webhook_id")],
      delete: {
        ...common("removeWebhook", "Removes a webhook. What is pending for it is given up."),
        responses: { 204: { description: "Removed." }, ...failing() },
      },
    },
    [`${path}/{webhook_id}/test`]: {
      parameters: [idParameter("webhook_id")],
      post: {
        ...common("testWebhook", "Sends an event of type `test` to a webhook."),
        responses: { 202: json("It is sent now", sendingSchema), ...failing() },
      },
    },
    [`${path}/deliveries`]: {
      get: {
        ...common("listDeliveries", `Lists deliveries to ${whose} webhooks, the newest first.`),
        parameters: queryParameters(deliveryQuery),
        responses: { 200: json("A page of deliveries", deliveryPageSchema), ...failing() },
      },
    },
    [`${path}/deliveries/{delivery_id}/redeliver`]: {
      parameters: [idParameter("delivery_id")],
      post: {
        ...common("redeliver", "Sends a delivery again, with the same webhook-id; a pending one is sent now."),
        responses: { 202: json("It is sent now", sendingSchema), ...failing() },
      },
    },
  };
}

const idParameter = (name: string) => ({ name, in: "path", required: true, schema: { type: "string" } });

const HEADERS = {
  "webhook-id": "The same with every try: drop events that you have seen",
  "webhook-timestamp": "Unix seconds of this try",
  "webhook-signature": "v1,<base64 of HMAC-SHA256 of id.timestamp.body>; several, separated by spaces",
} as const;

/** Describes the requests that receivers get: the document's `webhooks`. */
export function webhookEvents(): object {
  return Object.fromEntries(EVENT_TYPES.map((type) => [type, { post: eventRequest(type) }]));
}

function eventRequest(type: EventType) {
  return {
    summary: EVENT_MEANINGS[type],
    security: [],
    parameters: Object.entries(HEADERS).map(([name, description]) => ({
      name,
      in: "header",
      required: true,
      description,
      schema: { type: "string" },
    })),
    requestBody: {
      required: true,
      content: { "application/json": { schema: jsonSchema(eventBody(type), "output") } },
    },
    responses: { "2XX": { description: "Taken. Anything else is sent again later." } },
  };
}
