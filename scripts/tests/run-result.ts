import * as z from "zod/v4";
import { summarySchema } from "../support/test-summary.ts";

/** One test file of one project. A file that cannot load counts as a failure. */
const fileResultSchema = z.object({
  project: z.string(),
  /** Relative to the checkout. */
  file: z.string(),
  passed: z.number(),
  failed: z.number(),
  skipped: z.number(),
  /** Of its tests, hooks and imports. */
  seconds: z.number(),
});
export type FileResult = z.infer<typeof fileResultSchema>;

/** What a run of vitest tells. */
export const runResultSchema = summarySchema.extend({
  /** Errors that no file can be blamed for. */
  stray: z.number(),
  files: z.array(fileResultSchema),
});
export type RunResult = z.infer<typeof runResultSchema>;

const SLOWEST = 8;

/** Lines that say where the time went: each project as a whole, then the slowest files. */
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
