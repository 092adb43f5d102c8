import * as z from "zod/v4";
import { failureOf } from "./output/failure.ts";
import { MAX_FILES, revision, sandboxId } from "./inputs.ts";
import { defineOperation } from "./operation.ts";
import { sectionRecords, sectionText } from "./output/sections.ts";
import { UNFINISHED } from "./output/porcelain.ts";
import { UNCOMMIT_REASONS } from "./output/uncommit-reasons.ts";
import { folderPath } from "./tree-path.ts";
import { assemble } from "./scripts/assemble.ts";
import restoreScript from "./scripts/restore.sh" with { type: "text" };

/** Entries of both lists of an answer together. */
const MAX_LISTED = 1000;

const input = z
  .strictObject({
    sandbox_id: sandboxId,
    paths: z.array(folderPath).min(1).max(MAX_FILES).optional().describe("Files and folders to restore to HEAD"),
    all: z.literal(true).optional().describe("Restores everything, and aborts an unfinished merge or rebase"),
    staged: z.boolean().default(false).describe("Only unstage; the files stay as they are"),
    to: revision
      .optional()
      .describe(
        "Take back the commits made since the branch diverged from this revision, such as origin/main; only commits that the remote never had",
      ),
    keep: z.literal(true).optional().describe("Required with to: the files stay as they are, as uncommitted changes"),
  })
  .refine(
    ({ paths, all, to }) => [paths, all, to].filter((one) => one !== undefined).length === 1,
    "needs exactly one of paths, all and to",
  )
  .refine(({ to, keep }) => (to === undefined) === (keep === undefined), {
    path: ["keep"],
    message: "requires to, and to requires keep: true",
  });

const output = z.object({
  restored: z.array(z.string()).describe("Paths that were restored to HEAD"),
  removed: z.array(z.string()).describe("Paths that are not in HEAD and were deleted"),
  head: z.string().optional().describe("With to: current commit of the branch"),
  taken_back: z.array(z.string()).optional().describe("With to: commits that the branch no longer has, newest first"),
  ended: z.enum(UNFINISHED).optional().describe("Unfinished operation that was aborted"),
  truncated: z.boolean(),
});

export const restore = defineOperation({
  name: "restore",
  summary: "Discards uncommitted changes, of some paths or all.",
  access: "write",
  shell: "/bin/bash",
  input,
  output,
  script: assemble(restoreScript),
  plan: (asked) => ({
    env: { IN_ALL: String(asked.all ?? false), IN_STAGED: String(asked.staged), IN_TO: asked.to ?? "" },
    args: asked.paths?.map((path) => path || ".") ?? [],
  }),
  parse(result, { to }) {
    const failed = failureOf(result, UNCOMMIT_REASONS);
    if (failed) return failed;
    if (to !== undefined) {
      const [head = "", ...takenBack] = sectionRecords(result.sections, 1);
      return { ok: true, value: { restored: [], removed: [], head, taken_back: takenBack, truncated: false } };
    }
    const ended = UNFINISHED.find((state) => sectionText(result.sections, 1).startsWith(`${state}\0`));
    const told = sectionRecords(result.sections, 2);
    const listed = (sign: string) =>
      told.slice(0, MAX_LISTED).flatMap((record) => (record.startsWith(sign) ? [record.slice(1)] : []));
    return {
      ok: true,
      value: {
        restored: listed("+"),
        removed: listed("-"),
        ...(ended ? { ended } : {}),
        truncated: told.length > MAX_LISTED || result.truncated,
      },
    };
  },
});
