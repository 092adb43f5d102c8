import * as z from "zod/v4";
import { DELIVERY_STATES } from "../durable/webhooks/delivery-table.ts";
import { EVENT_DATA, type EventType, OPERATOR_EVENTS, TENANT_EVENTS } from "../webhooks/events.ts";

const DEFAULT_PAGE = 50;
const MAX_PAGE = 200;

const url = z.string().min(1).describe("https, a public host; it gets each event as a POST");

const types = (events: readonly EventType[]) => z.array(z.enum(events));

export const webhookInput = z.strictObject({
  url,
  events: types(TENANT_EVENTS).describe("Types of the events that it gets; none: only those of runs that name its URL"),
});
export const operatorWebhookInput = z.strictObject({
  url,
  events: types(OPERATOR_EVENTS).min(1).describe("Types of the events that it gets"),
});

export const webhookSchema = z.object({
  id: z.string(),
  url: z.string().describe("In its normal form"),
  events: z.array(z.string()),
  secret: z.string().describe("whsec_<base64>: verify each request with it (Standard Webhooks)"),
  created_at: z.iso.datetime(),
});

export const webhookListSchema = z.object({ webhooks: z.array(webhookSchema).describe("The oldest first") });

export const deliveryQuery = z.strictObject({
  state: z.enum(DELIVERY_STATES).exactOptional().describe("Only those in this state"),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE).describe("Most deliveries in one answer"),
  cursor: z.string().exactOptional().describe("Cursor of the previous page"),
});

const deliverySchema = z.object({
  id: z.string().describe("webhook-id of every try"),
  type: z.string().describe("Type of the event"),
  data: z.looseObject({}).describe("What it tells: the run or the workspace, as the receiver gets it"),
  url: z.string(),
  state: z.enum(DELIVERY_STATES).describe("dead: given up"),
  tries: z.int().describe("Since the event, or since it was asked for again"),
  created_at: z.iso.datetime(),
  next_try_at: z.iso.datetime().optional().describe("If it is pending"),
  tried_at: z.iso.datetime().optional(),
  ended_at: z.iso.datetime().optional(),
  status: z.int().optional().describe("Of the newest answer; absent: there was none"),
  reason: z.string().optional().describe("What became of the newest try"),
});

export const deliveryPageSchema = z.object({
  deliveries: z.array(deliverySchema).describe("The newest first"),
  cursor: z.string().optional().describe("Present if there are more"),
});

export const sendingSchema = z.object({ id: z.string().describe("The delivery, which is sent now") });

/** The body that receivers get for an event of a type. */
export const eventBody = (type: EventType) =>
  z.object({
    type: z.literal(type),
    timestamp: z.iso.datetime().describe("When it happened"),
    data: EVENT_DATA[type],
  });
