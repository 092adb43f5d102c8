import * as z from "zod/v4";
import { RUN_STATUSES } from "../durable/runs/types.ts";
import { sandboxId } from "../ops/inputs.ts";

/** Steps of one request: their results come in one response, and a Worker's requests to sandboxes are limited. */
const MAX_STEPS = 50;
const MAX_SIDE_BY_SIDE = 20;
const DEFAULT_SIDE_BY_SIDE = 8;
const MAX_ITEMS = 500;
const MAX_URL_LENGTH = 2048;
/** Proxies close a connection that is silent for a minute or two. */
const MAX_WAIT_S = 60;
const MAX_PAGE = 100;
const DEFAULT_PAGE = 50;

const step = z
  .looseObject({
    op: z.string().describe("Operation, or workspaces, which lists yours"),
    after: z
      .array(z.int().min(1).max(MAX_STEPS))
      .max(MAX_STEPS)
      .optional()
      .describe("Steps that come first, by number"),
  })
  .describe(
    "Input of the operation besides. A text `$2.head` or `$clone.sandbox_id` takes that member of an earlier step's answer, `$item.name` that of the item; `$$2.head` is the text itself",
  );

const item = z.record(z.string().regex(/^[a-z]\w{0,63}$/, "is not a name"), z.string().max(MAX_URL_LENGTH));

export const runInput = z
  .strictObject({
    sandbox_id: sandboxId.optional().describe("For steps that name none and follow no clone"),
    steps: z.array(step).min(1).max(MAX_STEPS),
    on_error: z
      .enum(["stop", "continue"])
      .default("stop")
      .describe("After a failed step: stop begins no other; continue begins all that do not need its answer"),
    at_once: z
      .int()
      .min(1)
      .max(MAX_SIDE_BY_SIDE)
      .default(DEFAULT_SIDE_BY_SIDE)
      .describe("Workspaces that are worked in at once; 1: the steps are begun in their order"),
    async: z
      .boolean()
      .default(false)
      .describe("Answer at once with the id of a run, which goes on without this connection"),
    for_each: z
      .array(item)
      .min(1)
      .max(MAX_ITEMS)
      .optional()
      .describe("Run all steps for each of these, `at_once` of them side by side; needs async"),
    webhook: z
      .url()
      .max(MAX_URL_LENGTH)
      .optional()
      .describe("Address that is told when the run has ended; needs async"),
  })
  .refine((run) => run.async || run.for_each === undefined, { path: ["for_each"], message: "needs async" })
  .refine((run) => run.async || run.webhook === undefined, { path: ["webhook"], message: "needs async" });

export type RunInput = z.output<typeof runInput>;

const errorSchema = z
  .looseObject({ code: z.string(), detail: z.string(), retryable: z.boolean() })
  .describe("As in the answer of the operation itself");

export const runStepSchema = z.object({
  step: z.int().describe("Number of the step, from 1"),
  op: z.string(),
  status: z.enum(["done", "failed", "not_begun"]),
  result: z.looseObject({}).optional().describe("The operation's answer; if done"),
  error: errorSchema.optional().describe("As in the answer of the operation itself; if failed"),
});

export const runSchema = z.object({
  ok: z.boolean().describe("Whether every step is done"),
  steps: z.array(runStepSchema),
});

const STEP_STATUSES = ["not_begun", "running", "waiting", "done", "failed"] as const;

const runStatus = z
  .enum(RUN_STATUSES)
  .describe("failed: a step is; canceling: the steps that were begun are completed, and no other is begun");

export const durableStepSchema = z.object({
  step: z.int().describe("Number of the step, from 1"),
  op: z.string(),
  status: z.enum(STEP_STATUSES).describe("waiting: it failed for a moment's reason, and is tried again"),
  tries: z.int().describe("How often it was begun"),
  began_at: z.iso.datetime().optional(),
  ended_at: z.iso.datetime().optional(),
  retry_at: z.iso.datetime().optional().describe("When it is tried again; if waiting"),
  result: z.looseObject({}).optional().describe("The operation's answer; if done"),
  result_too_large: z.literal(true).optional().describe("The answer was too large: only its short members are kept"),
  error: errorSchema.optional().describe("If failed or waiting"),
});

const counts = z.object({
  total: z.int(),
  done: z.int(),
  failed: z.int(),
  running: z.int(),
  canceled: z.int().describe("Begun, and not completed when the run ended"),
  not_begun: z.int(),
});

const about = z.object({
  repository: z.string().describe("As the list of workspaces has it"),
  agent_id: z.string().optional(),
  task_id: z.string().optional(),
});

export const runSummarySchema = z.object({
  run: z.string(),
  status: runStatus,
  created_at: z.iso.datetime(),
  began_at: z.iso.datetime().optional(),
  ended_at: z.iso.datetime().optional(),
  kept_until: z.iso.datetime().optional().describe("When its results are deleted; once it has ended"),
  error: errorSchema.optional().describe("Why the run was given up, if no step says it"),
  about: about.optional().describe("Workspace of its first clone; absent with for_each"),
  ops: z.array(z.string()).describe("Operation of each step"),
  steps_total: z.int(),
  steps_done: z.int(),
  steps_failed: z.int(),
  items: counts.optional().describe("Of a run with for_each"),
});

const itemSchema = z.object({
  item: z.int().describe("Number of the item, from 1"),
  values: z.record(z.string(), z.string()),
  status: z.enum(["not_begun", "running", "done", "failed", "canceled"]),
  step: z.int().optional().describe("The step that failed"),
  error: errorSchema.optional().describe("With which it failed"),
});

export const durableRunSchema = runSummarySchema.extend({
  steps: z.array(durableStepSchema).optional().describe("Absent with for_each"),
  for_each: z
    .array(itemSchema)
    .optional()
    .describe("With for_each: the state of each item. GET /v1/runs/{run}/items/{item} answers its steps"),
});

export const runItemSchema = itemSchema.extend({ steps: z.array(durableStepSchema) });

export const runStartedSchema = z.object({
  run: z.string(),
  status: runStatus,
  url: z.string().describe("Path that answers the run; also in the header Location"),
  events: z.string().describe("Path that answers its events"),
});

export const runListSchema = z.object({ runs: z.array(runSummarySchema), cursor: z.string().optional() });

export const runEventSchema = z.object({
  id: z.int().describe("Grows by one with each event of the run"),
  at: z.iso.datetime(),
  type: z.enum(["run", "step"]),
  status: z.string().describe("Of the run, or of the step"),
  item: z.int().optional(),
  step: z.int().optional(),
  op: z.string().optional(),
  result: z.looseObject({}).optional(),
  error: errorSchema.optional(),
  retry_at: z.iso.datetime().optional().describe("If waiting: when it is tried again"),
});

export const runEventsSchema = z.object({
  events: z.array(runEventSchema),
  cursor: z.int().describe("The last of them; `after` for the next request"),
  ended: z.boolean().describe("Whether these are the last events of the run"),
});

const wait = z.coerce.number().int().min(0).max(MAX_WAIT_S).default(0);

export const runQuery = z.strictObject({ wait: wait.describe("Seconds to wait for the run's end") });

export const runListQuery = z.strictObject({
  status: z.enum(RUN_STATUSES).optional().describe("Only those in this state"),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE).describe("Most runs in one answer"),
  cursor: z.string().max(200).optional().describe("Cursor of the previous page"),
});

export const runEventsQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0).describe("The last event that is known"),
  wait: wait.describe("Seconds to wait for an event, if there is none"),
});
