import * as z from "zod/v4";
import { sandboxId } from "../ops/inputs.ts";

/** Of one request: its answers come together, and a Worker's requests to sandboxes are limited. */
const MAX_STEPS = 50;
const MAX_SIDE_BY_SIDE = 20;
const DEFAULT_SIDE_BY_SIDE = 8;

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
    "Input of the operation besides. A text `$2.head` or `$clone.sandbox_id` takes that member of an earlier step's answer; `$$2.head` is the text itself",
  );

export const runInput = z.strictObject({
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
});

export const runStepSchema = z.object({
  step: z.int().describe("Number of the step, from 1"),
  op: z.string(),
  status: z.enum(["done", "failed", "not_begun"]),
  result: z.looseObject({}).optional().describe("The operation's answer; if done"),
  error: z
    .looseObject({ code: z.string(), detail: z.string(), retryable: z.boolean() })
    .optional()
    .describe("As in the answer of the operation itself; if failed"),
});

export const runSchema = z.object({
  ok: z.boolean().describe("Whether every step is done"),
  steps: z.array(runStepSchema),
});
