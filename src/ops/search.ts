import * as z from "zod/v4";
import { WarmtreeError } from "../errors.ts";
import { failureOf } from "./output/failure.ts";
import { cursor, revision, sandboxId } from "./inputs.ts";
import { readMatches } from "./output/matches.ts";
import { defineOperation } from "./operation.ts";
import { regexParts } from "./regex-parts.ts";
import { scopePath } from "./tree-path.ts";
import { assemble } from "./scripts/assemble.ts";
import searchScript from "./scripts/search.sh" with { type: "text" };

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
const MAX_PATTERN_LENGTH = 1000;
/** An expression of this size takes a few megabytes in git's state machine. */
const MAX_REGEX_PARTS = 10_000;
/** Lines beyond the limit. A match is one line, unless its path contains line ends. */
const SPARE_LINES = 50;

const input = z
  .strictObject({
    sandbox_id: sandboxId,
    pattern: z
      .string()
      .min(1)
      .max(MAX_PATTERN_LENGTH)
      .refine((text) => !/[\0\n]/.test(text), "must be one line")
      .describe("Text to find in lines"),
    regex: z.boolean().default(false).describe("The pattern is a POSIX extended regular expression"),
    ignore_case: z.boolean().default(false),
    path: scopePath.optional().describe("Only in this file or folder"),
    ref: revision.optional().describe("Commit to search; default: the working tree, including new files"),
    limit: z.int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
    cursor: cursor.optional(),
  })
  .refine((asked) => !asked.regex || regexParts(asked.pattern) <= MAX_REGEX_PARTS, {
    path: ["pattern"],
    message: `repeats too much: written out, it would have more than ${MAX_REGEX_PARTS} parts`,
  });

const output = z.object({
  matches: z.array(
    z.object({
      path: z.string(),
      line: z.number(),
      text: z.string().describe("The line, or the start of a long line"),
    }),
  ),
  truncated: z.boolean(),
  cursor: z.string().optional(),
});

const BAD_PATTERN = /^fatal: -e option, '.*': (.+)$/m;

/** git grep skips a file whose object is lost, and its exit code does not show that. */
const LOST_OBJECT = /^error: .*: unable to read [0-9a-f]{40,64}/m;

export const search = defineOperation({
  name: "search",
  summary: "Lines that contain a text or match a regular expression, in files that are neither binary nor ignored.",
  access: "read",
  shell: "/bin/sh",
  input,
  output,
  script: assemble(searchScript),
  plan: (asked) => ({
    env: {
      IN_PATTERN: asked.pattern,
      IN_KIND: asked.regex ? "-E" : "-F",
      IN_FOLD: asked.ignore_case ? "-i" : "",
      IN_PATH: asked.path ?? "",
      IN_REF: asked.ref ?? "",
      IN_FROM_LINE: String(asked.cursor ?? 0),
      IN_COUNT: String(asked.limit + SPARE_LINES),
    },
  }),
  parse(result, asked) {
    const failed = failureOf(LOST_OBJECT.test(result.stderr) ? { ...result, exitCode: 1 } : result);
    const reason = failed && BAD_PATTERN.exec(result.stderr)?.[1];
    if (reason !== undefined) {
      const detail = `pattern: ${reason}. Nothing was searched. To search for the text itself, omit regex.`;
      return { ok: false, error: new WarmtreeError("invalid_input", detail, { field: "pattern" }) };
    }
    if (failed) return failed;
    const { matches, lines, more } = readMatches(
      result.sections.get(1) ?? new Uint8Array(),
      asked.limit,
      asked.ref !== undefined,
    );
    return {
      ok: true,
      value: {
        matches,
        truncated: more || result.truncated,
        ...(more ? { cursor: String((asked.cursor ?? 0) + lines) } : {}),
      },
    };
  },
});
