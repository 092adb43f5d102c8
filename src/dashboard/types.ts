import type * as z from "zod/v4";
import type {
  ownedRunItemSchema,
  ownedRunListSchema,
  ownedRunSchema,
  ownedStatusSchema,
  ownedWorkspaceSchema,
  workspacePageSchema,
} from "../api/operator-schemas.ts";
import type { healthSchema } from "../api/schemas.ts";
import type { Overview } from "../metrics/overview-schema.ts";

// Types of the API's answers, from its own schemas.
export type { Overview };
export type Minutes = Overview["minutes"];
export type Point = Overview["points"][number];
export type Workspace = z.output<typeof ownedWorkspaceSchema>;
export type WorkspacePage = z.output<typeof workspacePageSchema>;
export type RunPage = z.output<typeof ownedRunListSchema>;
export type RunSummary = RunPage["runs"][number];
export type RunStatus = RunSummary["status"];
export type Run = z.output<typeof ownedRunSchema>;
export type RunStep = NonNullable<Run["steps"]>[number];
export type RunItem = NonNullable<Run["for_each"]>[number];
export type RunItemSteps = z.output<typeof ownedRunItemSchema>;
export type Status = z.output<typeof ownedStatusSchema>;
export type Health = z.output<typeof healthSchema>;
