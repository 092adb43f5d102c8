import * as z from "zod/v4";

const time = z.iso.datetime();

const workspace = z.object({
  sandbox_id: z.string(),
  repository: z.string().describe("As the list of workspaces has it"),
  agent_id: z.string().optional(),
  task_id: z.string().optional(),
  head: z.string().optional().describe("Commit at the pause; absent: unknown"),
  drops_at: time.describe("When it is dropped for good if it stays unused"),
});

const counts = z.object({ total: z.int(), done: z.int(), failed: z.int(), not_begun: z.int() });

/** Data of each event type. Contains no secrets. */
export const EVENT_DATA = {
  "run.finished": z.object({
    run: z.string(),
    ok: z.boolean().describe("Whether all of it is done"),
    status: z.enum(["done", "failed", "canceled"]),
    steps: counts.optional(),
    items: counts.optional().describe("Of a run with for_each"),
    url: z.string().describe("Path of the run"),
  }),
  "workspace.paused": workspace,
  "workspace.dropping": workspace.extend({
    unpushed: z.union([z.boolean(), z.literal("unknown")]).describe("Whether it was paused with unpushed work"),
  }),
  "template.promoted": z.object({
    version: z.int(),
    name: z.string().describe("What new sandboxes start from"),
    git: z.string().optional().describe("Its git version"),
  }),
  "template.failed": z.object({ version: z.int(), reason: z.string() }),
  "budget.reached": z.object({
    percent: z.union([z.literal(80), z.literal(100)]),
    month: z.string().describe("As 2026-11 (UTC)"),
    spent_usd: z.number(),
    budget_usd: z.number().describe("Of this shard of the pool: its share of E2B_MONTHLY_BUDGET_USD"),
    shards: z.int().describe("Shards that share the budget"),
  }),
  test: z.object({ message: z.string() }),
} as const;

export type EventType = keyof typeof EVENT_DATA;

/** When each event happens. */
export const EVENT_MEANINGS: Readonly<Record<EventType, string>> = {
  "run.finished": "A run has ended.",
  "workspace.paused": "A workspace was paused with work that the remote does not have.",
  "workspace.dropping": "A paused workspace will be dropped within 24 hours.",
  "template.promoted": "A new version of the sandbox template is in use.",
  "template.failed": "A build of the sandbox template failed; the version before stays in use.",
  "budget.reached": "80 or 100 percent of the month's budget is spent; once a month each.",
  test: "Somebody asked for it.",
};

/** Events that a tenant's endpoints can receive. */
export const TENANT_EVENTS = ["run.finished", "workspace.paused", "workspace.dropping"] as const;
/** Events that the operator's endpoints can receive. */
export const OPERATOR_EVENTS = ["template.promoted", "template.failed", "budget.reached"] as const;
export const EVENT_TYPES = [...TENANT_EVENTS, ...OPERATOR_EVENTS, "test"] as const satisfies readonly EventType[];

/** Tenant name that stands for the operator; no API key can have it. */
export const OPERATOR = "";

const eventOf = <Type extends EventType>(type: Type) =>
  z.object({
    tenant: z.string(),
    /** Id of the event within the tenant: a repeated event has the same id. */
    id: z.string(),
    /** When it happened, in Unix milliseconds. */
    at: z.int(),
    type: z.literal(type),
    data: EVENT_DATA[type],
  });

/** Any event, with the data of its type. */
export const webhookEvent = z.discriminatedUnion("type", [
  eventOf("run.finished"),
  eventOf("workspace.paused"),
  eventOf("workspace.dropping"),
  eventOf("template.promoted"),
  eventOf("template.failed"),
  eventOf("budget.reached"),
  eventOf("test"),
]);
export type WebhookEvent = z.output<typeof webhookEvent>;

/** An event to send. `url`: its only receiver; absent: the tenant's endpoints that receive its type. */
export type Emission = WebhookEvent & { readonly url?: string };

/** Size limit of a body. */
export const MAX_BODY_BYTES = 64 * 1024;

/** Returns the body for receivers: the same in every attempt. */
export function bodyOf({ type, at, data }: WebhookEvent): string {
  return JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
}
