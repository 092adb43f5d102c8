import * as z from "zod/v4";
import { summarySchema } from "../support/test-summary.ts";

/** One test file of one project. A file that cannot load counts as a failure. */
const fileResultSchema = z.object({
  project: z.string(),
  /** Path relative to the checkout. */
  file: z.string(),
  passed: z.number(),
  failed: z.number(),
  skipped: z.number(),
  /** Time of the file's tests, hooks and imports. */
  seconds: z.number(),
});
export type FileResult = z.infer<typeof fileResultSchema>;

/** The result of a run of vitest. */
export const runResultSchema = summarySchema.extend({
  /** Number of errors outside of the test files. */
  stray: z.number(),
  files: z.array(fileResultSchema),
});
export type RunResult = z.infer<typeof runResultSchema>;

const SLOWEST = 8;

/** Returns lines about the time spent: each project as a whole, then the slowest files. */
export function timesOf(files: readonly FileResult[]): string[] {
  const projects = Map.groupBy(files, ({ project }) => project);
  const wholes = [...projects].map(([project, own]) => ({
    name: `${project} (${own.length} files)`,
    seconds: own.reduce((sum, { seconds }) => sum + seconds, 0),
  }));
  const slowest = files.map(({ file, seconds }) => ({ name: file, seconds }));
  const bySeconds = (rows: typeof wholes) => rows.toSorted((a, b) => b.seconds - a.seconds);
  return [...bySeconds(wholes), ...bySeconds(slowest).slice(0, SLOWEST)].map(
    ({ name, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${name}`,
  );
}
