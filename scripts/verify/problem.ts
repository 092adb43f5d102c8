import * as z from "zod/v4";

/** An error of an operation, with the members that checks use. */
export const problem = z.looseObject({
  code: z.string(),
  detail: z.string(),
  work: z.object({ pushed: z.union([z.boolean(), z.literal("unknown")]), tree: z.string() }).optional(),
});
export type Problem = z.output<typeof problem>;
