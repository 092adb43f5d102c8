import * as z from "zod/v4";
import { readChanges } from "./output/changes.ts";
import { failureOf, type Reasons } from "./output/failure.ts";
import { cursor, maxBytes, revision, sandboxId } from "./inputs.ts";
import { defineOperation } from "./operation.ts";
import { pageEnd, textOf } from "./output/sections.ts";
import { CHANGES } from "./output/porcelain.ts";
import { scopePath } from "./tree-path.ts";
import { assemble } from "./scripts/assemble.ts";
import diffScript from "./scripts/diff.sh" with { type: "text" };

const MAX_FILES = 1000;

const input = z.strictObject({
  sandbox_id: sandboxId,
  file: scopePath.optional().describe("Only this file or folder"),
  staged: z.boolean().default(false).describe("Staged changes; default: unstaged changes, including new files"),
  base: revision.optional().describe("Compare with the merge base of HEAD and this revision, as a pull request does"),
  cursor: cursor.optional(),
  max_bytes: maxBytes,
});

const changedFile = z.object({
  path: z.string(),
  change: z.enum(CHANGES),
  from: z.string().optional(),
  added: z.number().optional().describe("Number of lines"),
  deleted: z.number().optional(),
  binary: z.literal(true).optional(),
});

const output = z.object({
  files: z.array(changedFile).describe("Every changed file, on the first page"),
  files_truncated: z.literal(true).optional(),
  diff: z.string().describe("Unified diff; concatenated pages give the whole diff"),
  truncated: z.boolean(),
  cursor: z.string().optional(),
});

const REASONS: Reasons = {
  no_common_commit: (base) => ({
    code: "invalid_input",
    field: "base",
    detail: `HEAD and '${base}' have no common commit. In a shallow clone it may not have been fetched.`,
  }),
};

export const diff = defineOperation({
  name: "diff",
  summary: "Changes as a unified diff, including new files, with counts for every file.",
  access: "read",
  shell: "/bin/sh",
  input,
  output,
  script: assemble(diffScript),
  plan: (asked) => ({
    env: {
      IN_PATH: asked.file ?? "",
      IN_STAGED: String(asked.staged),
      IN_BASE: asked.base ?? "",
      IN_FROM_BYTE: asked.cursor === undefined ? "" : String(asked.cursor),
      IN_MAX_BYTES: String(asked.max_bytes),
    },
  }),
  parse(result, asked) {
    const failed = failureOf(result, REASONS);
    if (failed) return failed;
    const bytes = result.sections.get(1) ?? new Uint8Array();
    const { files, patchAt } = asked.cursor === undefined ? readChanges(bytes) : { files: [], patchAt: 0 };
    const patch = patchAt === undefined ? new Uint8Array() : bytes.subarray(patchAt);
    const end = pageEnd(patch, asked.max_bytes);
    const truncated = patchAt === undefined || end < patch.length;
    return {
      ok: true,
      value: {
        files: files.slice(0, MAX_FILES),
        ...(patchAt === undefined || files.length > MAX_FILES ? { files_truncated: true as const } : {}),
        diff: textOf(patch.subarray(0, end)),
        truncated,
        ...(truncated ? { cursor: String((asked.cursor ?? 0) + end) } : {}),
      },
    };
  },
});
