import * as z from "zod/v4";
import { WarmtreeError } from "../errors.ts";
import { failureOf, type Reasons } from "./output/failure.ts";
import { joinedHunks, readBlame } from "./output/blame-lines.ts";
import { cursor, revision, sandboxId } from "./inputs.ts";
import { defineOperation } from "./operation.ts";
import { textOf } from "./output/sections.ts";
import { treePath } from "./tree-path.ts";
import { assemble } from "./scripts/assemble.ts";
import blameScript from "./scripts/blame.sh" with { type: "text" };

/** Lines of one page; some hundred bytes each. */
const MAX_LINES = 500;
const MAX_LINE = 1_000_000_000;

const lineNumber = z.int().min(1).max(MAX_LINE);

const input = z
  .strictObject({
    sandbox_id: sandboxId,
    path: treePath.describe("A file"),
    ref: revision.optional().describe("Commit to read from; default: the working tree, in a partial clone HEAD"),
    start_line: lineNumber.optional(),
    end_line: lineNumber.optional(),
    cursor: cursor.optional(),
  })
  .refine((asked) => (asked.start_line ?? 1) <= (asked.end_line ?? MAX_LINE), {
    path: ["end_line"],
    message: "is before start_line",
  });

const hunk = z.object({
  line: z.number().describe("First line, counted from 1"),
  sha: z.string().nullable().describe("Commit of these lines; null: not committed"),
  author: z.string().optional(),
  email: z.string().optional(),
  date: z.string().optional().describe("Author date; RFC 3339"),
  subject: z.string().optional(),
  path: z.string().optional().describe("Name of the file in that commit, if it was different"),
  lines: z.array(z.string()).describe("The lines; of a long line, its start"),
});

const output = z.object({
  path: z.string(),
  hunks: z.array(hunk).describe("Consecutive lines of one commit"),
  truncated: z.boolean(),
  cursor: z.string().optional(),
});

const REASONS: Reasons = {
  left_out: () => ({
    code: "invalid_input",
    detail:
      "This clone has no folders of older commits (filter tree:0), so their changes are not known. Clone with filter blob:none.",
  }),
  no_file: (path) => ({ code: "invalid_input", field: "path", detail: `'${path}' is not a file.` }),
};

/** git's messages for lines that do not exist, and for a folder. */
const TOO_FEW_LINES = /^fatal: file .* has only (\d+) lines?$/m;
const NO_FILE = /^fatal: no such path/m;

export const blame = defineOperation({
  name: "blame",
  summary: "The commit and author of each line of a file.",
  access: "read",
  shell: "/bin/sh",
  input,
  output,
  script: assemble(blameScript),
  plan(asked) {
    const first = firstOf(asked);
    // Requests one more than a page holds, to learn whether there are more.
    const last = Math.min(asked.end_line ?? MAX_LINE, first + MAX_LINES);
    return {
      env: { IN_PATH: asked.path, IN_REF: asked.ref ?? "", IN_FIRST: String(first), IN_LAST: String(last) },
    };
  },
  parse(result, asked) {
    const failed = failureOf(result, REASONS);
    const first = firstOf(asked);
    const [, lines] = (failed && TOO_FEW_LINES.exec(result.stderr)) ?? [];
    if (lines === "0" && first === 1) return { ok: true, value: { path: asked.path, hunks: [], truncated: false } };
    if (lines !== undefined) return refused("start_line", `'${asked.path}' has ${lines} lines.`);
    if (failed && NO_FILE.test(result.stderr)) return refused("path", `'${asked.path}' is not a file.`);
    if (failed) return failed;
    const end = first + MAX_LINES;
    const told = readBlame(textOf(result.sections.get(1) ?? new Uint8Array()), asked.path);
    const more = told.some((one) => one.line >= end);
    const hunks = joinedHunks(told.filter((one) => one.line < end));
    const truncated = more || result.truncated;
    return { ok: true, value: { path: asked.path, hunks, truncated, ...(more ? { cursor: String(end) } : {}) } };
  },
});

/** Returns the first line of a page. Cursor 0 counts as absent, because blame never returns it. */
const firstOf = (asked: z.output<typeof input>) => asked.cursor || asked.start_line || 1;

function refused(field: string, detail: string) {
  return { ok: false as const, error: new WarmtreeError("invalid_input", detail, { field }) };
}
