import * as z from "zod/v4";

/** Variable that names the file for a test run's summary as JSON; the caller then prints the last line of stdout. */
export const SUMMARY_FILE_VARIABLE = "WARMTREE_TEST_SUMMARY_FILE";

export const summarySchema = z.object({ passed: z.number(), failed: z.number(), skipped: z.number() });
export type Summary = z.infer<typeof summarySchema>;

/** Returns the line that CI reads, such as `412 passed, 0 failed, 3 skipped`. */
export function summaryLine({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
