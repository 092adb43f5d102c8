import * as z from "zod/v4";
import { GONE_SECTION, withCause } from "./output/cause.ts";
import { failureOf, NOT_GIT, type Reasons } from "./output/failure.ts";
import { branchName, sandboxId } from "./inputs.ts";
import { defineOperation } from "./operation.ts";
import { sectionRecords } from "./output/sections.ts";
import { UNFINISHED_REASON } from "./output/unfinished-reason.ts";
import { assemble } from "./scripts/assemble.ts";
import pullScript from "./scripts/pull.sh" with { type: "text" };

const HOW = ["nothing_new", "fast_forward", "rebased", "merged"] as const;

/** More commits than any history has. */
const MAX_DEEPEN = 100_000_000;

const input = z.strictObject({
  sandbox_id: sandboxId,
  rebase: z
    .boolean()
    .default(true)
    .describe(
      "true: rebase commits that the remote never had, and merge any others. false: merge, and leave conflicts in the files for editing",
    ),
  from: branchName.optional().describe("Remote branch; default: the branch that this branch started from"),
  deepen: z
    .int()
    .min(1)
    .max(MAX_DEEPEN)
    .optional()
    .describe("In a shallow clone: number of older commits to fetch; more than exist: all"),
});

const output = z.object({
  branch: z.string().nullable(),
  from: z.string().describe("Remote branch"),
  head: z.string(),
  how: z.enum(HOW),
  behind: z.number().describe("Commits that were brought in"),
  ahead: z.number().describe("Local commits that the remote branch lacks"),
  shallow: z.boolean().describe("Whether older commits are only at the remote"),
  left_out: z
    .array(z.string())
    .optional()
    .describe("Commits that somebody removed from that branch at the remote, and that this branch no longer has"),
});

const REASONS: Reasons = {
  not_git: NOT_GIT,
  ...UNFINISHED_REASON,
  detached: () => ({
    code: "invalid_input",
    detail: "HEAD is on no branch, so there is no branch to update. Switch to a branch first.",
  }),
  conflict: (from) => ({
    code: "conflict",
    detail: `The changes conflict with ${from}. Nothing was changed. pull {rebase: false, from: "${from}"} writes the conflicts into the files. Edit them, then push.`,
  }),
  merge_begun: (from) => ({
    code: "conflict",
    detail: `The merge with ${from} has conflicts, which are in the files. Edit files with markers. Write or delete files without, or name them in push {resolve}. Then push. restore {all: true} aborts the merge.`,
  }),
  history_rewritten: (from) => ({
    code: "history_rewritten",
    detail: `Somebody removed commits from ${from} at the remote, and a merge would bring them back. Nothing was changed. pull {from: "${from}"} without rebase: false leaves them out.`,
  }),
  cannot_leave_out: (from) => ({
    code: "history_rewritten",
    detail: `Somebody removed commits from ${from} at the remote. They cannot be left out, because your work is merged with them or with other branches, or others have pushed on top of it. Nothing was changed. Create a new branch with branch {name, create: true, from: "origin/${from}"} and bring your own commits there with apply {commits}.`,
  }),
};

export const pull = defineOperation({
  name: "pull",
  summary: "Fetches, and updates the branch from the branch it started from.",
  access: "remote",
  commits: true,
  shell: "/bin/bash",
  input,
  output,
  script: assemble(pullScript),
  plan: (asked) => ({
    env: { IN_REBASE: String(asked.rebase), IN_DEEPEN: String(asked.deepen ?? 0), IN_FROM: asked.from ?? "" },
  }),
  parse(result) {
    const failed = failureOf(result, REASONS);
    if (failed) return withCause(failed, result);
    const leftOut = sectionRecords(result.sections, GONE_SECTION);
    const [branch, from = "", head = "", how, behind, ahead, shallow] = sectionRecords(result.sections, 1);
    return {
      ok: true,
      value: {
        branch: branch || null,
        from,
        head,
        how: HOW.find((word) => word === how) ?? "nothing_new",
        behind: Number(behind) || 0,
        ahead: Number(ahead) || 0,
        shallow: shallow === "true",
        ...(leftOut.length > 0 ? { left_out: leftOut } : {}),
      },
    };
  },
});
