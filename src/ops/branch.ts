import * as z from "zod/v4";
import { failureOf, type Reasons } from "./output/failure.ts";
import { DELETE_REASONS } from "./output/delete-branch-reasons.ts";
import { IN_THE_WAY_REASONS } from "./output/in-the-way-reasons.ts";
import { branchHere, cursor, revision, sandboxId } from "./inputs.ts";
import { defineOperation } from "./operation.ts";
import type { ScriptOutput } from "./output/script-output.ts";
import { sectionRecords } from "./output/sections.ts";
import { UNFINISHED_REASON } from "./output/unfinished-reason.ts";
import { assemble } from "./scripts/assemble.ts";
import branchScript from "./scripts/branch.sh" with { type: "text" };

const MAX_BRANCHES = 200;

const input = z
  .strictObject({
    sandbox_id: sandboxId,
    name: branchHere.optional().describe("Branch to switch to; default: list the branches"),
    create: z.boolean().default(false).describe("Create the branch"),
    delete: z
      .literal(true)
      .optional()
      .describe(
        "Delete the branch, at the remote too; only a branch that this workspace created there and that has no commits of others",
      ),
    from: revision.optional().describe("Start of a new branch; default: HEAD"),
    cursor: cursor.optional(),
  })
  .refine((asked) => asked.name !== undefined || !asked.create, { path: ["name"], message: "is needed with create" })
  .refine((asked) => !asked.create || !asked.name?.startsWith("origin/"), {
    path: ["name"],
    message: "may not begin with 'origin/', which is git's prefix for remote branches here; omit it",
  })
  .refine((asked) => !asked.delete || (asked.name !== undefined && !asked.create), {
    path: ["delete"],
    message: "needs a name, and cannot be combined with create",
  })
  .refine((asked) => asked.from === undefined || asked.create, { path: ["from"], message: "requires create" });

const listed = z.object({
  name: z.string(),
  sha: z.string(),
  date: z.string().describe("Date of the newest commit; RFC 3339"),
  subject: z.string(),
  upstream: z.string().optional(),
  remote: z.boolean().describe("A remote branch, as last fetched"),
});

const output = z.object({
  current: z.string().nullable().describe("null when HEAD is detached"),
  head: z.string().nullable().describe("null before the first commit"),
  upstream: z.string().optional(),
  deleted: z.string().optional().describe("Branch that was deleted"),
  branches: z.array(listed).optional().describe("Newest first"),
  truncated: z.boolean(),
  cursor: z.string().optional(),
});

const REASONS: Reasons = {
  ...IN_THE_WAY_REASONS,
  ...DELETE_REASONS,
  is_commit: (name) => ({
    code: "invalid_input",
    field: "name",
    detail: `'${name}' is the short SHA of a commit here, so it cannot name a branch. Use another name.`,
  }),
  no_branch: (name) => ({
    code: "ref_not_found",
    field: "name",
    detail: `'${name}' is a tag or a commit, not a branch. To work on it, create a branch: {name: "…", create: true, from: "${name}"}.`,
  }),
  ...UNFINISHED_REASON,
  in_the_way: (files) => ({
    code: "dirty_tree",
    detail: `Switching would overwrite uncommitted changes${files && ` in ${files.split("\n").join(", ")}`}. Nothing was done. Push or restore them first.`,
  }),
  branch_exists: (name) => ({
    code: "invalid_input",
    field: "name",
    detail: `The branch '${name}' exists already. Omit 'create' to switch to it.`,
  }),
};

/** Fields of git-for-each-ref(1), in the order in which they are read. */
const FIELDS = [
  "%(refname)",
  "%(objectname)",
  "%(committerdate:iso-strict)",
  "%(subject)",
  "%(upstream)",
  "%(symref)",
] as const;

export const branch = defineOperation({
  name: "branch",
  summary: "Lists branches, switches to one, creates one and switches to it, or deletes one of the workspace's own.",
  access: "write",
  shell: "/bin/bash",
  input,
  output,
  script: assemble(branchScript),
  // Only the sandbox knows whether `origin/x` is a branch of this name, or the remote's x.
  sends: ({ name, delete: isDelete }, { policy }) =>
    name === undefined || !isDelete || !policy.refs.delete_own
      ? []
      : [...new Set([name, name.replace(/^origin\//, "")])].map((own) => ({ ref: `refs/heads/${own}`, may: "delete" })),
  plan: (asked, { policy }) => ({
    env: {
      IN_DELETE_OWN: String(policy.refs.delete_own),
      IN_NAME: asked.name ?? "",
      IN_CREATE: String(asked.create),
      IN_FROM: asked.from ?? "",
      // Requests one more than a page holds, to learn whether there are more.
      IN_COUNT: String((asked.cursor ?? 0) + MAX_BRANCHES + 1),
      IN_DELETE: String(asked.delete ?? false),
      IN_FORMAT: `${FIELDS.join("%00")}%00`,
    },
  }),
  parse(result, asked) {
    const failed = failureOf(result, REASONS);
    if (failed) return failed;
    const [current, head, upstream] = sectionRecords(result.sections, 1);
    const where = {
      current: current || null,
      head: head || null,
      ...(upstream ? { upstream: shortName(upstream) } : {}),
    };
    const [deleted] = sectionRecords(result.sections, 3);
    if (asked.name !== undefined) {
      return { ok: true, value: { ...where, ...(deleted ? { deleted } : {}), truncated: false } };
    }
    const from = asked.cursor ?? 0;
    const { branches, more } = readBranches(result, from);
    const next = more ? { cursor: String(from + MAX_BRANCHES) } : {};
    return { ok: true, value: { ...where, branches, truncated: more || result.truncated, ...next } };
  },
});

const shortName = (ref: string) => ref.replace(/^refs\/(?:heads|remotes)\//, "");

function readBranches(result: ScriptOutput, from: number): { branches: z.output<typeof listed>[]; more: boolean } {
  const records = sectionRecords(result.sections, 2);
  const branches = [];
  const end = from + MAX_BRANCHES;
  for (let at = from; at < end; at++) {
    const fields = records.slice(at * FIELDS.length, (at + 1) * FIELDS.length);
    const [ref = "", sha = "", date = "", subject = "", upstream = "", alias] = fields;
    if (alias === undefined) break;
    // The remote's HEAD is an alias of a branch in the list.
    if (alias !== "") continue;
    // Each line except the first begins with the line end of the line before.
    const name = ref.trimStart();
    branches.push({
      name: shortName(name),
      sha,
      date,
      subject,
      ...(upstream ? { upstream: shortName(upstream) } : {}),
      remote: name.startsWith("refs/remotes/"),
    });
  }
  return { branches, more: records.length > end * FIELDS.length };
}
