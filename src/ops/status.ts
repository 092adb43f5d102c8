import * as z from "zod/v4";
import { cursor, sandboxId } from "./inputs.ts";
import { defineOperation } from "./operation.ts";
import { failureOf } from "./failure.ts";
import { sectionRecords, sectionText } from "./output.ts";
import { ENTER, FAIL, SECTION } from "./shell.ts";
import { type Change, CHANGES, readStatus, type StatusEntry, UNFINISHED } from "./porcelain.ts";

const DEFAULT_LIMIT = 500;
const MAX_LIMIT = 5000;

const change = z.enum(CHANGES);
const changedFile = z.object({
  path: z.string(),
  change,
  from: z.string().optional(),
  submodule: z.literal(true).optional(),
});

const output = z.object({
  branch: z.string().nullable().describe("null when HEAD is detached"),
  head: z.string().nullable().describe("null before the first commit"),
  upstream: z.string().optional(),
  ahead: z.number().optional(),
  behind: z.number().optional(),
  unfinished: z.enum(UNFINISHED).optional().describe("A merge, rebase or the like that waits to be ended"),
  clean: z.boolean(),
  conflicts: z.array(changedFile),
  staged: z.array(changedFile),
  modified: z.array(changedFile),
  untracked: z.array(z.string()),
  total: z.number().describe("Entries in all four lists, over all pages"),
  truncated: z.boolean(),
  cursor: z.string().optional(),
});

const LISTS = ["conflicts", "staged", "modified", "untracked"] as const;

/** One page over the four lists in their order, so that a cursor is one number. */
function page(entries: StatusEntry[], from: number, limit: number) {
  const lists = { conflicts: [], staged: [], modified: [], untracked: [] } as {
    [list in (typeof LISTS)[number]]: { path: string; change: Change; from?: string; submodule?: true }[];
  };
  const ordered = LISTS.flatMap((list) => entries.filter((entry) => entry.list === list));
  for (const { list, ...entry } of ordered.slice(from, from + limit)) lists[list].push(entry);
  return { ...lists, untracked: lists.untracked.map((entry) => entry.path) };
}

export const status = defineOperation({
  name: "status",
  summary: "Branch, ahead and behind, and every changed file: staged, modified, untracked, in conflict.",
  access: "read",
  shell: "/bin/sh",
  input: z.strictObject({
    sandbox_id: sandboxId,
    limit: z.int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT).describe("Most entries in one answer"),
    cursor: cursor.optional(),
  }),
  output,
  // The last command replaces the shell: with the state files looked up by builtins, a status is one process of git.
  script: `${SECTION}${FAIL}${ENTER}
section 1
for state in MERGE_HEAD:merge rebase-merge:rebase rebase-apply:rebase CHERRY_PICK_HEAD:cherry_pick REVERT_HEAD:revert BISECT_LOG:bisect
do if [ -e ".git/\${state%%:*}" ]; then printf '%s\\0' "\${state##*:}"; fi; done
section 2
exec git status --porcelain=v2 --branch -z
`,
  command: () => ({ args: [] }),
  parse(result, input) {
    const failure = failureOf(result);
    if (failure) return failure;
    const { entries, ...branch } = readStatus(sectionRecords(result.sections, 2));
    const from = input.cursor ?? 0;
    const end = from + input.limit;
    const unfinished = UNFINISHED.find((state) => sectionText(result.sections, 1).startsWith(`${state}\0`));
    return {
      ok: true,
      value: {
        ...branch,
        ...(unfinished ? { unfinished } : {}),
        clean: entries.length === 0 && !result.truncated,
        ...page(entries, from, input.limit),
        total: entries.length,
        truncated: result.truncated || end < entries.length,
        ...(end < entries.length ? { cursor: String(end) } : {}),
      },
    };
  },
});
