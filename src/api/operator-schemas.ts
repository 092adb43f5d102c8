import * as z from "zod/v4";
import { RANGES } from "../metrics/ranges.ts";
import { TIERS } from "../metrics/catalogue.ts";
import { status } from "../ops/status.ts";
import {
  durableRunSchema,
  durableStepSchema,
  runItemSchema,
  runListQuery,
  runListSchema,
  runSummarySchema,
} from "./run-schemas.ts";
import { workspaceSchema } from "./schemas.ts";

const DEFAULT_MINUTES = 15;
const DEFAULT_PAGE = 50;
const MAX_PAGE = 200;
const MAX_TEXT = 200;

export const overviewQuery = z.strictObject({
  minutes: z.coerce
    .number()
    .pipe(z.literal(RANGES))
    .default(DEFAULT_MINUTES)
    .describe("The range: how far to look back"),
});

export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE).describe("Most workspaces in one answer"),
  cursor: z.string().exactOptional().describe("Cursor of the previous page"),
  tenant: z.string().exactOptional().describe("Only this tenant's"),
  text: z
    .string()
    .max(MAX_TEXT)
    .exactOptional()
    .describe("Only those with this text in repository, agent, task or sandbox_id"),
});

export const ownedWorkspaceSchema = workspaceSchema.extend({
  tenant: z.string(),
  tier: z.enum(TIERS).optional().describe("cold: paused"),
});

export const workspacePageSchema = z.object({
  workspaces: z.array(ownedWorkspaceSchema).describe("Of all tenants, last used first"),
  cursor: z.string().optional().describe("Present if there are more"),
});

export const buildStartedSchema = z.object({
  started: z.boolean().describe("False: a build is at work already"),
  build: z.string().optional().describe("Instance of the Workflow warmtree-template-build"),
});

export const ownedStatusSchema = status.output.extend({
  unpushed_commits: z.number().describe("Commits of this clone on no branch of the remote"),
});

export const ownedRunListQuery = runListQuery.extend({
  tenant: z.string().exactOptional().describe("Only this tenant's"),
});

const ownedSummary = runSummarySchema.extend({ tenant: z.string() });

export const ownedRunListSchema = runListSchema.extend({ runs: z.array(ownedSummary) });

/** Parts of an error that the operator may see. */
const toldError = z.object({ code: z.string(), detail: z.string(), retryable: z.boolean() });

const ownedSteps = z.array(durableStepSchema.omit({ result: true }).extend({ error: toldError.optional() }));

const ownedItem = runItemSchema.omit({ steps: true, values: true }).extend({ error: toldError.optional() });

/** A run as the operator sees it: without values of items and results of steps, which belong to the tenant. */
export const ownedRunSchema = durableRunSchema.extend({
  tenant: z.string(),
  steps: ownedSteps.optional(),
  for_each: z.array(ownedItem).optional(),
});

export const ownedRunItemSchema = ownedItem.extend({ tenant: z.string(), steps: ownedSteps });
