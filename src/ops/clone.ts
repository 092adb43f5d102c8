import * as z from "zod/v4";
import { branchName, hasControl, tagOrSha } from "./inputs.ts";
import { failureOf, NOT_GIT, type Reasons } from "./output/failure.ts";
import { defineOperation } from "./operation.ts";
import { sectionRecords, sectionText } from "./output/sections.ts";
import { folderPath } from "./tree-path.ts";
import { assemble } from "./scripts/assemble.ts";
import cloneScript from "./scripts/clone.sh" with { type: "text" };

const MAX_URL_LENGTH = 2000;
const MAX_SPARSE_FOLDERS = 100;

/** Task of an agent that names none. git cannot have a branch `agent/ada` beside `agent/ada/t1`. */
const ONLY_TASK = "main";

/** Names the workspace and, if both are given, the branch. So its characters are valid anywhere in a branch name. */
const agentWord = z
  .string()
  .min(1)
  .max(64)
  .regex(
    /^[A-Za-z0-9_](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_-]))*$/,
    "takes letters, digits, '_', '-' and single inner dots",
  )
  .refine((word) => !word.endsWith(".lock"), "may not end in .lock");

/** git reads one folder a line, and unquotes a folder in quotes. */
const sparseFolder = folderPath.refine(
  (path) => !path.startsWith('"') && !hasControl(path),
  "is not a folder that git takes alone",
);

const FILTERS = ["blob:none", "tree:0"] as const;

const input = z.strictObject({
  repo_url: z.string().max(MAX_URL_LENGTH).describe("https address of the repository"),
  branch: branchName.optional().describe("Branch to start from; default: the remote's default branch"),
  agent_id: agentWord
    .optional()
    .describe(`Work happens on branch agent/<agent_id>/<task_id>; without task_id on agent/<agent_id>/${ONLY_TASK}`),
  task_id: agentWord.optional().describe("Requires agent_id"),
  shallow: z.boolean().default(false).describe("Newest commit only, without history"),
  sparse: z
    .array(sparseFolder)
    .max(MAX_SPARSE_FOLDERS)
    .transform((folders) => (folders.includes("") ? [] : folders))
    .default([])
    .describe("Folders to check out; default: all"),
  filter: z
    .enum(FILTERS)
    .optional()
    .describe(
      "Leaves objects of commits other than the checked-out one at the remote until they are needed: files (blob:none, the default with sparse), or files and folders (tree:0)",
    ),
  revision: tagOrSha
    .optional()
    .describe("Commit (full SHA) or tag to start from; branch is then only the branch that pull takes changes from"),
});

type Asked = z.output<typeof input>;

const SEED = ["used", "unsound"] as const;

const output = z.object({
  repo_url: z.string(),
  branch: z.string().nullable(),
  head: z.string().nullable().describe("null when the repository has no commits"),
  base: z.string().nullable().describe("Remote branch that this branch starts from and pulls from"),
  in_the_way: z
    .string()
    .optional()
    .describe("Remote branch whose name prevents a push of this branch under its own name; push with 'to'"),
  created: z.boolean().describe("false: the workspace existed already and is unchanged"),
  not_done: z
    .array(z.string())
    .optional()
    .describe(
      "Inputs without effect, because the workspace existed already and was made with others; another task_id makes another workspace",
    ),
  shallow: z.boolean().describe("Whether older commits are only at the remote"),
  filter: z
    .enum(FILTERS)
    .nullable()
    .describe("Objects that are only at the remote; null: none, or the remote supports no filter"),
  sparse: z.array(z.string()).describe("Checked out folders, with the files above them; empty: all"),
  submodules: z.array(z.string()).describe("Paths of submodules; their contents are not fetched"),
  timing: z.object({
    fetch_ms: z.number().optional().describe("Time to fetch the remote's objects"),
    checkout_ms: z.number().optional().describe("Time to check out the files, after the fetch"),
  }),
  seed: z.enum(SEED).optional().describe("State of the repository snapshot's clone; not part of the answer"),
});

const REASONS: Reasons = {
  not_git: NOT_GIT,
  no_default: (names) => ({
    code: "ref_not_found",
    field: "branch",
    detail: `The repository's default branch does not exist. Name the branch to start from in 'branch': ${names.split("\n").join(", ")}.`,
  }),
};

export const clone = defineOperation({
  name: "clone",
  summary: "Opens a workspace with a clone of a repository; a repeated call answers the same workspace, unchanged.",
  access: "remote",
  shell: "/bin/bash",
  input,
  output,
  script: assemble(cloneScript),
  plan: (asked, { seedHead, remoteRefs, pack, agentBranchPrefix }) => ({
    env: {
      IN_BASE: asked.branch ?? "",
      IN_AGENT_BRANCH: asked.agent_id ? `${agentBranchPrefix}/${asked.agent_id}/${asked.task_id ?? ONLY_TASK}` : "",
      IN_SHALLOW: String(asked.shallow),
      IN_FILTER: asked.filter ?? (asked.sparse.length > 0 ? "blob:none" : ""),
      IN_REVISION: asked.revision ?? "",
      IN_SEED_HEAD: seedHead ?? "",
      IN_REMOTE_HEAD: remoteRefs?.head ?? "",
      IN_REMOTE_REFS: remoteRefs?.list ?? "",
      IN_PACK: typeof pack === "object" ? pack.path : (pack ?? ""),
    },
    args: asked.sparse,
    streamed: typeof pack === "object" ? pack : undefined,
  }),
  parse(result, asked) {
    const failed = failureOf(result, REASONS);
    if (failed) return failed;
    const [created, branch, head, upstream, shallow, ...rest] = sectionRecords(result.sections, 1);
    const [filter, usedSeed, began, fetched, ended, inTheWay] = rest;
    const seed = SEED.find((word) => word === usedSeed);
    return {
      ok: true,
      value: {
        repo_url: asked.repo_url,
        branch: branch || null,
        head: head || null,
        base: upstream || null,
        ...(inTheWay ? { in_the_way: inTheWay } : {}),
        created: created === "true",
        ...notDone(asked, upstream, sectionText(result.sections, 4)),
        shallow: shallow === "true",
        filter: FILTERS.find((word) => word === filter) ?? null,
        sparse: sectionText(result.sections, 3).split("\n").filter(Boolean),
        submodules: sectionRecords(result.sections, 2),
        timing: { ...taken("fetch_ms", began, fetched), ...taken("checkout_ms", fetched, ended) },
        ...(seed ? { seed } : {}),
      },
    };
  },
});

/** `upstream` is the branch that a clone without `branch` started from. `made` is empty for a new tree. */
function notDone(asked: Asked, upstream: string | undefined, made: string): { not_done?: string[] } {
  if (made === "") return {};
  const [branch = "", shallow, filter = "", revision = "", ...sparse] = made.split("\n");
  const without = (what: string) => (what === "" ? "without" : `with '${what}'`);
  const folders = (list: readonly string[]) => list.toSorted().join(", ");
  const others = {
    branch:
      asked.branch !== undefined &&
      asked.branch !== branch &&
      asked.branch !== upstream &&
      without(branch || (upstream ?? "")),
    shallow: asked.shallow && shallow !== "true" && "with the whole history",
    filter: asked.filter !== undefined && asked.filter !== filter && without(filter),
    revision: asked.revision !== undefined && asked.revision !== revision && without(revision),
    sparse: asked.sparse.length > 0 && folders(asked.sparse) !== folders(sparse) && without(folders(sparse)),
  };
  const told = Object.entries(others).flatMap(([field, how]) =>
    how ? [`${field}: the workspace was made ${how}`] : [],
  );
  return told.length > 0 ? { not_done: told } : {};
}

/** Absent if the step did not run, or if the sandbox's bash is older than 5 and has no clock. */
function taken(step: string, from = "", to = ""): Record<string, number> {
  const ms = Math.round((Number(to) - Number(from)) * 1000);
  return from && to && Number.isFinite(ms) ? { [step]: ms } : {};
}
