import * as z from "zod/v4";
import { templateSchema } from "./schemas.ts";

/** Facts about a service, for a check after a deployment. Has no secrets, and nothing of another tenant. */
export const checksSchema = z.object({
  version: z.string(),
  allowed_git_hosts: z.array(z.string()),
  has_github_token: z.boolean(),
  has_operator_key: z.boolean(),
  has_metrics_key: z.boolean(),
  budget: z.enum(["none", "ample", "spent"]).describe("Monthly budget of sandboxes"),
  e2b: z.object({
    state: z.enum(["ok", "refused", "unreachable"]).describe("refused: its key is not accepted"),
    running: z.number().nullable().describe("Sandboxes of the account that run; null: unknown"),
    most: z.number().describe("Limit of running sandboxes"),
  }),
  pool: z.object({
    least: z.number().describe("POOL_MIN"),
    size: z.number().describe("Warm sandboxes, as last reported"),
    target: z.number().describe("0: the pool has not begun, which the first call starts, or is turned off"),
  }),
  template: templateSchema,
});

export type Checks = z.output<typeof checksSchema>;
