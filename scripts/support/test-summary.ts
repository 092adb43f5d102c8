import * as z from "zod/v4";

/** Names the file that gets the summary of a test run as JSON, for a caller that wants the last word on stdout. */
export const SUMMARY_FILE_VARIABLE = "WARMTREE_TEST_SUMMARY_FILE";

export const summarySchema = z.object({ passed: z.number(), failed: z.number(), skipped: z.number() });
export type Summary = z.infer<typeof summarySchema>;

/** The line that CI reads, such as `412 passed, 0 failed, 3 skipped`. */
export function summaryLine({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
