import * as z from "zod/v4";
import { WarmtreeError } from "../errors.ts";
import { failureOf } from "./output/failure.ts";
import { cursor, revision, sandboxId, treePath } from "./inputs.ts";
import { COMMIT_OF, IN_COMMIT, PIPED } from "./looking.ts";
import { BRING } from "./partial.ts";
import { readMatches } from "./output/matches.ts";
import { defineOperation } from "./operation.ts";
import { regexParts } from "./regex-parts.ts";
import { ENTER, FAIL, SECTION } from "./shell.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
const MAX_PATTERN_LENGTH = 1000;
/** Their state machine takes git a few megabytes. */
const MAX_REGEX_PARTS = 10_000;
/** Of every line no more leaves the sandbox: the longest path, a line number, and more than is shown of the text. */
const MAX_LINE_BYTES = 6000;
/** A match is one line but where its path holds line ends; some room for those. */
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
    path: treePath.optional().describe("Only in this file or folder"),
    ref: revision.optional().describe("In this commit; default: the working tree, new files included"),
    limit: z.int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
    cursor: cursor.optional(),
  })
  .refine((asked) => !asked.regex || regexParts(asked.pattern) <= MAX_REGEX_PARTS, {
    path: ["pattern"],
    message: `repeats too much: written out, it would have more than ${MAX_REGEX_PARTS} parts`,
  });

const output = z.object({
  matches: z.array(
    z.object({ path: z.string(), line: z.number(), text: z.string().describe("The line; the start of a long one") }),
  ),
  truncated: z.boolean(),
  cursor: z.string().optional(),
});

const BAD_PATTERN = /^fatal: -e option, '.*': (.+)$/m;

/** git grep goes on without a file whose object is lost, and ends as if it had not been there. */
const LOST_OBJECT = /^error: .*: unable to read [0-9a-f]{40,64}/m;

export const search = defineOperation({
  name: "search",
  summary: "Lines that hold a text or match a regular expression, in files that are neither binary nor ignored.",
  access: "read",
  shell: "/bin/sh",
  input,
  output,
  script: `${SECTION}${FAIL}${ENTER}${COMMIT_OF}${IN_COMMIT}${PIPED}${BRING}
pattern=$1 kind=$2 fold=$3 path=$4 ref=$5 from=$6 count=$7
if [ -n "$ref" ]; then
  ref=$(commit_of "$ref") || unknown_ref "$5"
  bring_files "$ref" -- \${path:+"$path"} || fail git
  if [ -n "$path" ]; then in_commit "$ref" "$path" || fail path_not_found "$path"; fi
elif [ -n "$path" ] && ! [ -e "$path" ] && ! [ -L "$path" ]; then
  fail path_not_found "$path"
fi
if [ -n "$ref" ]; then set -- "$ref"; else set -- --untracked; fi
found() {
  piped grep -n -z -I --no-color --no-column --no-heading --no-break --full-name --no-textconv "$kind" \${fold:+"$fold"} -e "$pattern" "$@" -- \${path:+"$path"} |
    cut -b 1-${MAX_LINE_BYTES}
}
nothing=1
section 1
if [ "$from" -gt 0 ]; then found "$@" | tail -n "+$((from + 1))" | head -n "$count"; else found "$@" | head -n "$count"; fi
`,
  command: (asked) => ({
    args: [
      asked.pattern,
      asked.regex ? "-E" : "-F",
      asked.ignore_case ? "-i" : "",
      asked.path ?? "",
      asked.ref ?? "",
      String(asked.cursor ?? 0),
      String(asked.limit + SPARE_LINES),
    ],
  }),
  parse(result, asked) {
    const failed = failureOf(LOST_OBJECT.test(result.stderr) ? { ...result, exitCode: 1 } : result);
    const reason = failed && BAD_PATTERN.exec(result.stderr)?.[1];
    if (reason !== undefined) {
      const detail = `pattern: ${reason}. Nothing was searched; to find the text as it is, leave regex out.`;
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
