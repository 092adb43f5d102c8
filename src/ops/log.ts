import * as z from "zod/v4";
import { failureOf, type Reasons } from "./output/failure.ts";
import { cursor, hasControl, revision, sandboxId } from "./inputs.ts";
import { defineOperation } from "./operation.ts";
import type { Parsed, ScriptOutput } from "./output/script-output.ts";
import { sectionRecords } from "./output/sections.ts";
import { CHANGES, LETTERS } from "./output/porcelain.ts";
import { IN_TREE } from "./git-arguments.ts";
import { SUBMODULES } from "./git-arguments.ts";
import { scopePath } from "./tree-path.ts";
import { assemble } from "./scripts/assemble.ts";
import logScript from "./scripts/log.sh" with { type: "text" };

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 200;
/** Longer bodies are pasted logs and lists; the rest is cut. */
const MAX_BODY_CHARACTERS = 4000;

const MAX_AUTHOR_LENGTH = 200;
const MAX_FILES = 200;

const day = z.iso.date();
const time = z.iso.datetime({ offset: true });
const moment = z
  .string()
  .refine(
    (text) => day.safeParse(text).success || time.safeParse(text).success,
    "is not a date or time as in RFC 3339",
  );

/** Adds a time to a day, because git would take the current time of day. */
const timeOf = (text: string, ofDay: string) =>
  new Date(day.safeParse(text).success ? `${text}T${ofDay}Z` : text).toISOString();

const input = z.strictObject({
  sandbox_id: sandboxId,
  ref: revision
    .refine((text) => !text.includes("..."), "is not a revision; 'a..b' gives the commits of b that are not in a")
    .optional()
    .describe("Revision to start from; default: HEAD. 'a..b': commits of b that are not in a"),
  since: moment.optional().describe("Committed at this day or time, or later (RFC 3339; a day is in UTC)"),
  until: moment.optional().describe("Committed at this day or time, or earlier"),
  author: z
    .string()
    .min(1)
    .max(MAX_AUTHOR_LENGTH)
    .refine((text) => !hasControl(text), "must be one line")
    .optional()
    .describe("Text in the author's name or address; case is ignored"),
  files: z
    .boolean()
    .default(false)
    .describe("List the changed files of each commit; of a merge, compared with its first parent"),
  path: scopePath.optional().describe("Only commits that changed this file or folder"),
  limit: z.int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
  cursor: cursor.optional(),
});

const commit = z.object({
  sha: z.string(),
  parents: z.array(z.string()),
  author: z.string(),
  email: z.string(),
  date: z.string().describe("Author date; RFC 3339"),
  subject: z.string(),
  body: z.string().optional(),
  files: z.array(z.object({ path: z.string(), change: z.enum(CHANGES), from: z.string().optional() })).optional(),
  files_truncated: z.literal(true).optional(),
});

const output = z.object({
  commits: z.array(commit).describe("Newest first"),
  truncated: z.boolean(),
  cursor: z.string().optional(),
});

/** git's message if HEAD's branch has no commit: an empty history, not a failure. */
const NO_COMMITS = /does not have any commits yet/;

const FIELDS = ["%H", "%P", "%an", "%ae", "%aI", "%s", "%b"] as const;
const FORMAT = `--format=${FIELDS.join("%x00")}`;
const OPTIONS = ["-z", "--encoding=UTF-8", "--no-color", "--no-show-signature"] as const;
/** Only exact renames (by object id), so that a partial clone need not have the files. */
const FILES = ["--name-status", "-M100%", "--diff-merges=first-parent", SUBMODULES] as const;

/** Arguments of git log, without the commits and the path. */
function argumentsOf(asked: z.output<typeof input>): string[] {
  const { since, until, author, files, limit, cursor: skip = 0 } = asked;
  return [
    FORMAT,
    ...OPTIONS,
    // Requests one more than a page holds, to learn whether there are more.
    `--max-count=${limit + 1}`,
    `--skip=${skip}`,
    ...(since === undefined ? [] : [`--since=${timeOf(since, "00:00:00")}`]),
    ...(until === undefined ? [] : [`--until=${timeOf(until, "23:59:59")}`]),
    ...(author === undefined ? [] : ["-F", "-i", `--author=${author}`]),
    ...(files ? FILES : []),
  ];
}

function read(result: ScriptOutput, asked: z.output<typeof input>): Parsed<z.output<typeof output>> {
  const commits = readCommits(sectionRecords(result.sections, 1));
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
  left_out: (field) => ({
    code: "invalid_input",
    field,
    detail:
      "This clone has no folders of older commits (filter tree:0), so their changes are not known. Omit path and files, or clone with filter blob:none.",
  }),
};

export const log = defineOperation({
  name: "log",
  summary: "Commits, newest first.",
  access: "read",
  shell: "/bin/sh",
  input,
  output,
  script: assemble(logScript),
  plan: (asked) => {
    const { ref = "", path = "", files } = asked;
    const range = ref.indexOf("..");
    const [without, begin] = range === -1 ? ["", ref] : [ref.slice(0, range) || "HEAD", ref.slice(range + 2) || "HEAD"];
    const args = argumentsOf(asked);
    const paths = path === "" ? [] : [path];
    return {
      env: { IN_BEGIN: begin, IN_WITHOUT: without, IN_PATH: path, IN_FILES: files ? "files" : "" },
      args,
      // Only the script resolves names of commits.
      ...(asked.ref === undefined ? { direct: ["git", ...IN_TREE, "log", ...args, "--", ...paths] } : {}),
    };
  },
  parse(result, asked) {
    const failed = failureOf(result, REASONS);
    if (failed && asked.ref === undefined && NO_COMMITS.test(result.stderr)) {
      return { ok: true, value: { commits: [], truncated: false } };
    }
    return failed ?? read(result, asked);
  },
  parseDirect: read,
});

/**
 * After the fields, git writes a status and one or two paths for each file. The first status has a line end before it.
 */
const STATUS = /^\n?([A-Z])\d*$/;

type Commit = z.output<typeof commit>;

function readCommits(records: readonly string[]): Commit[] {
  const commits: Commit[] = [];
  let at = 0;
  while (at + FIELDS.length <= records.length) {
    const told = readCommit(records.slice(at));
    at += FIELDS.length;
    const files: NonNullable<Commit["files"]> = [];
    for (let status = STATUS.exec(records[at] ?? ""); status; status = STATUS.exec(records[at] ?? "")) {
      const change = LETTERS[status[1] ?? ""];
      const paths = records.slice(at + 1, at + (change === "renamed" ? 3 : 2));
      at += 1 + paths.length;
      const path = paths.at(-1);
      if (change !== undefined && path !== undefined) {
        files.push({ path, change, ...(paths.length > 1 ? { from: paths[0] } : {}) });
      }
    }
    commits.push({
      ...told,
      ...(files.length > 0 ? { files: files.slice(0, MAX_FILES) } : {}),
      ...(files.length > MAX_FILES ? { files_truncated: true } : {}),
    });
  }
  return commits;
}

function readCommit(records: readonly string[]): z.output<typeof commit> {
  const [sha = "", parents = "", author = "", email = "", date = "", subject = "", text = ""] = records;
  const body = text.trimEnd().slice(0, MAX_BODY_CHARACTERS).toWellFormed();
  return { sha, parents: parents.split(" ").filter(Boolean), author, email, date, subject, ...(body ? { body } : {}) };
}
