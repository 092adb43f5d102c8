import * as z from "zod/v4";
import { failureOf } from "./failure.ts";
import { cursor, revision, sandboxId, treePath } from "./inputs.ts";
import { COMMIT_OF } from "./looking.ts";
import { defineOperation } from "./operation.ts";
import { sectionRecords } from "./output.ts";
import { ENTER, FAIL, SECTION } from "./shell.ts";

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

export const log = defineOperation({
  name: "log",
  summary: "Commits, newest first.",
  access: "read",
  shell: "/bin/sh",
  input,
  output,
  script: `${SECTION}${FAIL}${ENTER}${COMMIT_OF}
ref=$1 path=$2 count=$3 from=$4
if [ -n "$ref" ]; then ref=$(commit_of "$ref") || fail ref_not_found "$1"; fi
section 1
exec git log -z --format='${FIELDS.join("%x00")}' --encoding=UTF-8 --no-color --no-show-signature --max-count="$count" --skip="$from" \${ref:+"$ref"} -- \${path:+"$path"}
`,
  command: (asked) => ({
    // One more than is shown tells that there is more.
    args: [asked.ref ?? "", asked.path ?? "", String(asked.limit + 1), String(asked.cursor ?? 0)],
  }),
  parse(result, asked) {
    const failed = failureOf(result);
    if (failed && asked.ref === undefined && NO_COMMITS.test(result.stderr)) {
      return { ok: true, value: { commits: [], truncated: false } };
    }
    if (failed) return failed;
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
  },
});

function readCommit(records: readonly string[]): z.output<typeof commit> {
  const [sha = "", parents = "", author = "", email = "", date = "", subject = "", text = ""] = records;
  const body = text.trimEnd().slice(0, MAX_BODY_CHARACTERS).toWellFormed();
  return { sha, parents: parents.split(" ").filter(Boolean), author, email, date, subject, ...(body ? { body } : {}) };
}
