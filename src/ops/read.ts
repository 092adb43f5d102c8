import * as z from "zod/v4";
import { ENTRY_KINDS, readContent, readFolder, readTree } from "./output/content.ts";
import { readPointer } from "./output/lfs-pointer.ts";
import { failureOf, type Reasons } from "./output/failure.ts";
import { cursor, maxBytes, revision, sandboxId } from "./inputs.ts";
import { defineOperation } from "./operation.ts";
import type { Parsed, ScriptOutput } from "./output/script-output.ts";
import { sectionRecords, sectionText } from "./output/sections.ts";
import { folderPath } from "./tree-path.ts";
import { assemble } from "./scripts/assemble.ts";
import readScript from "./scripts/read.sh" with { type: "text" };

const MAX_ENTRIES = 1000;
const MAX_LINE = 1_000_000_000;

const line = z.int().min(1).max(MAX_LINE);

const input = z
  .strictObject({
    sandbox_id: sandboxId,
    path: folderPath.default("").describe("File or folder; default: the root folder"),
    ref: revision.optional().describe("Commit to read from; default: the working tree"),
    start_line: line.optional(),
    end_line: line.optional(),
    cursor: cursor.optional(),
    max_bytes: maxBytes,
  })
  .refine((asked) => (asked.start_line ?? 1) <= (asked.end_line ?? MAX_LINE), {
    path: ["end_line"],
    message: "is before start_line",
  });

const output = z.object({
  path: z.string(),
  kind: z.enum(ENTRY_KINDS),
  size: z.number().optional().describe("Size of the whole file in bytes"),
  lines: z.number().optional().describe("Number of line ends in the whole file, if lines were requested"),
  encoding: z.enum(["utf-8", "base64"]).optional(),
  content: z.string().optional().describe("Content of a file; concatenated pages give the whole file"),
  lfs: z
    .object({ oid: z.string(), size: z.number() })
    .optional()
    .describe("The file is a pointer of Git LFS; the object that it stands for is not read"),
  target: z.string().optional().describe("Target of a symlink, or commit of a submodule"),
  entries: z
    .array(z.object({ name: z.string(), kind: z.enum(ENTRY_KINDS), size: z.number().optional() }))
    .optional()
    .describe("Entries of a folder"),
  truncated: z.boolean(),
  cursor: z.string().optional(),
});

const REASONS: Reasons = {
  symlink_parent: (folder) => ({
    code: "invalid_input",
    field: "path",
    detail: `'${folder}' is a symlink, and symlinks are not followed. Read it to get its target.`,
  }),
  special_file: (path) => ({
    code: "invalid_input",
    field: "path",
    detail: `'${path}' is not a file, folder or symlink, so it cannot be read.`,
  }),
};

export const read = defineOperation({
  name: "read",
  summary: "A file, or the entries of a folder, from the working tree or from a commit.",
  access: "read",
  shell: "/bin/sh",
  input,
  output,
  script: assemble(readScript),
  plan(asked) {
    const ranged = asked.start_line !== undefined || asked.end_line !== undefined;
    const first = asked.start_line ?? 1;
    return {
      env: {
        IN_PATH: asked.path,
        IN_REF: asked.ref ?? "",
        IN_FIRST_LINE: ranged ? String(first) : "",
        IN_LINES: String((asked.end_line ?? MAX_LINE) - first + 1),
        IN_FROM_BYTE: String(asked.cursor ?? 0),
        // Requests one more than a page holds, to learn whether there are more.
        IN_MAX_BYTES: String(asked.max_bytes + 1),
        IN_MAX_ENTRIES: String(MAX_ENTRIES + 1),
      },
    };
  },
  parse(result, asked): Parsed<z.output<typeof output>> {
    const failed = failureOf(result, REASONS);
    if (failed) return failed;
    const [kind, detail = ""] = sectionRecords(result.sections, 1);
    const about = { path: asked.path, truncated: false };
    const from = asked.cursor ?? 0;
    if (kind === "symlink" || kind === "submodule") return { ok: true, value: { ...about, kind, target: detail } };
    if (kind === "tree" || kind === "folder") {
      const { entries, more } =
        kind === "tree" ? readTree(result, from, MAX_ENTRIES) : readFolder(result, asked.path, MAX_ENTRIES);
      const next = more ? { cursor: String(from + MAX_ENTRIES) } : {};
      return { ok: true, value: { ...about, kind: "folder", entries, truncated: more || result.truncated, ...next } };
    }
    const bytes = result.sections.get(2) ?? new Uint8Array();
    const { end, ...content } = readContent(bytes, asked.max_bytes);
    const told = counts(result);
    const pointer = told.size === bytes.length ? readPointer(bytes) : undefined;
    const lfs = pointer ? { lfs: pointer } : {};
    const more = end < bytes.length ? { truncated: true, cursor: String(from + end) } : {};
    return { ok: true, value: { ...about, kind: "file", ...told, ...content, ...lfs, ...more } };
  },
});

/** Section 1 after its first record: the size, and before it the number of lines if the caller asked for lines. */
function counts(result: ScriptOutput): { size?: number; lines?: number } {
  const text = sectionText(result.sections, 1);
  const numbers =
    text
      .slice(text.indexOf("\0") + 1)
      .match(/\d+/g)
      ?.map(Number) ?? [];
  const size = numbers.at(-1);
  const [lines] = numbers;
  return { ...(size === undefined ? {} : { size }), ...(numbers.length === 2 && lines !== undefined ? { lines } : {}) };
}
