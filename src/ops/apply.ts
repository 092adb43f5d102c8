import * as z from "zod/v4";
import { withCause } from "./output/cause.ts";
import { failureOf, type Reasons } from "./output/failure.ts";
import { revision, sandboxId } from "./inputs.ts";
import { defineOperation } from "./operation.ts";
import { sectionRecords } from "./output/sections.ts";
import { UNFINISHED_REASON } from "./output/unfinished-reason.ts";
import { assemble } from "./scripts/assemble.ts";
import applyScript from "./scripts/apply.sh" with { type: "text" };

/** Each commit takes about eight processes. */
const MAX_COMMITS = 100;
/** Section of the new commits, as pairs: the commit that was applied, and the commit that was made. */
const MADE_SECTION = 2;

const input = z.strictObject({
  sandbox_id: sandboxId,
  commits: z
    .array(revision)
    .min(1)
    .max(MAX_COMMITS)
    .describe(
      "Commits whose changes are applied to this branch, in this order; of a merge, its changes to its first parent",
    ),
  revert: z.boolean().default(false).describe("Revert these changes instead; name the newest commit first"),
});

const output = z.object({
  head: z.string(),
  applied: z
    .array(z.object({ of: z.string(), sha: z.string().describe("New commit") }))
    .describe("In the order of their creation"),
  already: z
    .array(z.string())
    .describe("Commits whose changes are on the branch already, or reverted already; no commit was made for them"),
});

const REASONS: Reasons = {
  no_commits: () => ({
    code: "ref_not_found",
    detail: "This branch has no commit yet, so no changes can be applied on top.",
  }),
  ...UNFINISHED_REASON,
  begun: (subject) => {
    const [commit = "", left = "0"] = subject.split(" ");
    const others =
      left === "0" ? "" : ` The last ${left} of 'commits' are not applied. Call apply with them after that.`;
    return {
      code: "conflict",
      detail: `${commit} conflicts. The commits before it are applied, and its conflicts are in the files. Edit files with markers. Write or delete files without, or name them in push {resolve}. Then push. restore {all: true} aborts it.${others}`,
    };
  },
};

export const apply = defineOperation({
  name: "apply",
  summary: "Cherry-picks commits onto this branch, or reverts them; conflicts are left in the files.",
  access: "write",
  commits: true,
  shell: "/bin/bash",
  input,
  output,
  script: assemble(applyScript),
  plan: (asked) => ({ env: { IN_REVERT: String(asked.revert) }, args: asked.commits }),
  parse(result) {
    const failed = failureOf(result, REASONS);
    if (failed) return withCause(failed, result);
    const [head = "", ...already] = sectionRecords(result.sections, 1);
    const made = sectionRecords(result.sections, MADE_SECTION);
    const applied = made.flatMap((of, at) => (at % 2 === 0 ? [{ of, sha: made[at + 1] ?? "" }] : []));
    return { ok: true, value: { head, applied, already } };
  },
});
