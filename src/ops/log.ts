import * as z from "zod/v4";
import { failureOf, type Reasons } from "./failure.ts";
import { cursor, revision, sandboxId, treePath } from "./inputs.ts";
import { COMMIT_OF } from "./looking.ts";
import { LIMITED } from "./limits.ts";
import { defineOperation, type Parsed, type ScriptOutput } from "./operation.ts";
import { sectionRecords } from "./output.ts";
import { ENTER, FAIL, IN_TREE, SECTION } from "./shell.ts";

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 200;
/** Longer bodies than this are logs and lists that somebody pasted; the rest is left out. */
const MAX_BODY_CHARACTERS = 4000;

const input = z.strictObject({
  sandbox_id: sandboxId,
  ref: revision.optional().describe("Where to begin; default: HEAD"),
  path: treePath.optional().describe("Only commits that changed this file or folder"),
  limit: z.int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
  cursor: cursor.optional(),
});

const commit = z.object({
  sha: z.string(),
  parents: z.array(z.string()),
  author: z.string(),
  email: z.string(),
  date: z.string().describe("Of the author; RFC 3339"),
  subject: z.string(),
  body: z.string().optional(),
});

const output = z.object({
  commits: z.array(commit).describe("Newest first"),
  truncated: z.boolean(),
  cursor: z.string().optional(),
});

/** What git says where HEAD's branch has no commit: an empty history, which is no failure. */
const NO_COMMITS = /does not have any commits yet/;

const FIELDS = ["%H", "%P", "%an", "%ae", "%aI", "%s", "%b"] as const;
const FORMAT = `--format=${FIELDS.join("%x00")}`;
const OPTIONS = ["-z", "--encoding=UTF-8", "--no-color", "--no-show-signature"] as const;

/** One more than is shown tells that there is more. */
const countOf = (asked: z.output<typeof input>) => String(asked.limit + 1);
const skipOf = (asked: z.output<typeof input>) => String(asked.cursor ?? 0);

function read(result: ScriptOutput, asked: z.output<typeof input>): Parsed<z.output<typeof output>> {
  const records = sectionRecords(result.sections, 1);
  const commits = Array.from({ length: Math.floor(records.length / FIELDS.length) }, (_, at) =>
    readCommit(records.slice(at * FIELDS.length)),
  );
  const truncated = commits.length > asked.limit;
  return {
    ok: true,
    value: {
      commits: commits.slice(0, asked.limit),
      truncated: truncated || result.truncated,
      ...(truncated ? { cursor: String((asked.cursor ?? 0) + asked.limit) } : {}),
    },
  };
}

const REASONS: Reasons = {
  left_out: () => ({
    code: "invalid_input",
    field: "path",
    detail:
      "This clone has no folders of older commits (filter tree:0), so which of them changed a path cannot be told. Leave path out, or clone with filter blob:none.",
  }),
};

export const log = defineOperation({
  name: "log",
  summary: "Commits, newest first.",
  access: "read",
  shell: "/bin/sh",
  input,
  output,
  script: `${SECTION}${FAIL}${ENTER}${COMMIT_OF}${LIMITED}
ref=$1 path=$2 count=$3 from=$4
if [ -n "$ref" ]; then ref=$(commit_of "$ref") || unknown_ref "$1"; fi
if [ -n "$path" ] && { IFS= read -r filter <"$wt/partial"; } 2>/dev/null && [ "$filter" = tree:0 ]; then fail left_out; fi
section 1
limited log '${FORMAT}' ${OPTIONS.join(" ")} --max-count="$count" --skip="$from" \${ref:+"$ref"} -- \${path:+"$path"}
`,
  command: (asked) => ({ args: [asked.ref ?? "", asked.path ?? "", countOf(asked), skipOf(asked)] }),
  parse(result, asked) {
    const failed = failureOf(result, REASONS);
    if (failed && asked.ref === undefined && NO_COMMITS.test(result.stderr)) {
      return { ok: true, value: { commits: [], truncated: false } };
    }
    return failed ?? read(result, asked);
  },
  direct: {
    command(asked) {
      // Which commit a name stands for is for the script to find out.
      if (asked.ref !== undefined) return undefined;
      const page = [`--max-count=${countOf(asked)}`, `--skip=${skipOf(asked)}`];
      const path = asked.path === undefined ? [] : [asked.path];
      return ["git", ...IN_TREE, "log", FORMAT, ...OPTIONS, ...page, "--", ...path];
    },
    parse: read,
  },
});

function readCommit(records: readonly string[]): z.output<typeof commit> {
  const [sha = "", parents = "", author = "", email = "", date = "", subject = "", text = ""] = records;
  const body = text.trimEnd().slice(0, MAX_BODY_CHARACTERS).toWellFormed();
  return { sha, parents: parents.split(" ").filter(Boolean), author, email, date, subject, ...(body ? { body } : {}) };
}
