import * as z from "zod/v4";
import { cursor, sandboxId } from "./inputs.ts";
import { defineOperation } from "./operation.ts";
import type { Parsed, ScriptOutput } from "./output/script-output.ts";
import { failureOf } from "./output/failure.ts";
import { sectionRecords, sectionText } from "./output/sections.ts";
import { type Change, CHANGES, readStatus, type Status, type StatusEntry, UNFINISHED } from "./output/porcelain.ts";
import { IN_FINISHED_TREE } from "./git-arguments.ts";
import { SUBMODULES } from "./git-arguments.ts";
import { assemble } from "./scripts/assemble.ts";
import statusScript from "./scripts/status.sh" with { type: "text" };

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
  unfinished: z.enum(UNFINISHED).optional().describe("Unfinished merge, rebase or similar"),
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

const input = z.strictObject({
  sandbox_id: sandboxId,
  limit: z.int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT).describe("Maximum number of entries in one answer"),
  cursor: cursor.optional(),
});

type Unfinished = (typeof UNFINISHED)[number];

const GIT_STATUS = ["status", "--porcelain=v2", "--branch", SUBMODULES, "-z"] as const;

function answer(
  { entries, ...branch }: Status,
  { truncated }: ScriptOutput,
  asked: z.output<typeof input>,
  unfinished?: Unfinished,
): Parsed<z.output<typeof output>> {
  const from = asked.cursor ?? 0;
  const end = from + asked.limit;
  return {
    ok: true,
    value: {
      ...branch,
      ...(unfinished ? { unfinished } : {}),
      clean: entries.length === 0 && !truncated,
      ...page(entries, from, asked.limit),
      total: entries.length,
      truncated: truncated || end < entries.length,
      ...(end < entries.length ? { cursor: String(end) } : {}),
    },
  };
}

/** Whether a merge or the like, which no operation started, may be unfinished; git status does not name it. */
const mayBeUnfinished = ({ branch, entries }: Status) =>
  branch === null || entries.some(({ list }) => list === "staged" || list === "conflicts");

export const status = defineOperation({
  name: "status",
  summary: "Branch, ahead and behind, and every changed file: staged, modified, untracked, in conflict.",
  access: "read",
  shell: "/bin/sh",
  input,
  output,
  script: assemble(statusScript),
  plan: () => ({ args: GIT_STATUS, direct: ["git", ...IN_FINISHED_TREE, ...GIT_STATUS] }),
  parse(result, asked) {
    const failure = failureOf(result);
    if (failure) return failure;
    const unfinished = UNFINISHED.find((state) => sectionText(result.sections, 2).startsWith(`${state}\0`));
    return answer(readStatus(sectionRecords(result.sections, 1)), result, asked, unfinished);
  },
  parseDirect(result, asked) {
    const found = readStatus(sectionRecords(result.sections, 1));
    return result.truncated || mayBeUnfinished(found) ? undefined : answer(found, result, asked);
  },
});
