import type { ToolAnnotations } from "@modelcontextprotocol/server";
import type * as z from "zod/v4";
import { clone } from "../ops/clone.ts";
import { diff } from "../ops/diff.ts";
import { edit } from "../ops/edit.ts";
import { pull } from "../ops/pull.ts";
import { push } from "../ops/push.ts";
import { read } from "../ops/read.ts";
import { status } from "../ops/status.ts";
import { stepsOrRun } from "../steps/plan.ts";
import { type MinimalSchema, minimalSchema } from "./minimal-json-schema.ts";

export interface Tool {
  readonly name: string;
  readonly title: string;
  /** Only facts that a model cannot guess: clients send it in every turn. */
  readonly description: string;
  readonly inputSchema: MinimalSchema;
  readonly annotations: ToolAnnotations;
  /** Name of the operation; absent: several steps. */
  readonly operation?: string;
}

export const TOOL_PREFIX = "git_";

/** Accepted by every tool, but too rarely needed to list in every turn. */
const UNLISTED = ["limit", "max_bytes", "base64", "executable"];

const READS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
const TALKS = { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true };
const WRITES = { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false };

function tool(
  { name, input }: { readonly name: string; readonly input: z.ZodType },
  title: string,
  annotations: ToolAnnotations,
  description: string,
  unlisted: readonly string[] = [],
): Tool {
  const inputSchema = minimalSchema(input, new Set([...UNLISTED, ...unlisted]));
  return { name: `${TOOL_PREFIX}${name}`, title, description, inputSchema, annotations, operation: name };
}

/**
 * The tools in the order in which clients get them, which never changes. Name, description and inputSchema of all of
 * them take at most 600 tokens.
 */
export const TOOLS: readonly Tool[] = [
  tool(clone, "Clone", TALKS, "Into a sandbox; same repo and ids: same sandbox_id, as left", ["filter", "revision"]),
  tool(status, "Status", READS, "Branch and changed files"),
  // A workspace stages nothing by itself.
  tool(diff, "Diff", READS, "Changes; base: since a branch", ["staged"]),
  tool(pull, "Pull", TALKS, "rebase=false: merge, conflicts in files", ["deepen", "from"]),
  tool(push, "Commit and push", TALKS, "Commit all or files, push; default branch only by to", [
    "amend",
    "resolve",
    "allow_secrets",
  ]),
  // Models continue a long file with start_line.
  tool(read, "Read", READS, "File or folder", ["cursor"]),
  tool(edit, "Edit", WRITES, "content: whole file; old occurs once, becomes new. Also all, move_to, link, executable", [
    "all",
    "move_to",
    "link",
    "mode",
  ]),
  {
    name: `${TOOL_PREFIX}run`,
    title: "Run several steps",
    description:
      "Steps until one fails. op: any tool, log{ref} search{pattern,path} blame{path} branch{name,create} restore{all} apply{commits,revert} tag{name}",
    inputSchema: minimalSchema(stepsOrRun, new Set()),
    annotations: { ...WRITES, openWorldHint: true },
  },
];

/** Sent to a model once; at most 60 words. */
export const INSTRUCTIONS =
  "Git in a sandbox of your own. Begin with git_clone; every other tool takes its sandbox_id. Give agent_id and task_id " +
  "to get a workspace and a branch that nobody else uses. Edits stay in the sandbox until git_push commits and pushes " +
  "them. An answer with a cursor has more: call again with that cursor.";
