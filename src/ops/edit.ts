import * as z from "zod/v4";
import { actionOf, file, goesOn, stepOf } from "./edit-file.ts";
import { contentsForLfs, lfsFiles, storedFiles, withPointers } from "./edit-lfs.ts";
import { EDIT_REASONS } from "./edit-reasons.ts";
import { failureOf } from "./output/failure.ts";
import { MAX_FILES, sandboxId } from "./inputs.ts";
import { defineOperation } from "./operation.ts";
import { sectionRecords } from "./output/sections.ts";
import { patchSteps } from "./patch/patch-steps.ts";
import { readPatch } from "./patch/read-patch.ts";
import { PatchError } from "./patch/types.ts";
import { fitsInline, pack, pieces, type Step } from "./payload.ts";
import { assemble } from "./scripts/assemble.ts";
import type { ScriptOutput } from "./output/script-output.ts";
import editProgram from "./scripts/edit.pl" with { type: "text" };

/** Only a patch can change more files. */
const MAX_LISTED = 1000;

const patch = z
  .string()
  .transform((text, context) => {
    if (text === "") return undefined;
    try {
      return readPatch(text);
    } catch (error) {
      if (!(error instanceof PatchError)) throw error;
      context.addIssue({ code: "custom", message: error.message });
      return z.NEVER;
    }
  })
  .optional()
  .describe("Unified diff, or *** Begin Patch; applied after files");

const input = z
  .strictObject({
    sandbox_id: sandboxId,
    files: z
      .array(file)
      .max(MAX_FILES)
      .default([])
      .describe("In order; one action each: content or base64, old with new, delete, move_to, link, executable"),
    patch,
  })
  .refine((asked) => asked.files.length > 0 || asked.patch !== undefined, "needs files or a patch")
  .superRefine((asked, context) => {
    const seen = new Set<string>();
    for (const [at, entry] of asked.files.entries()) {
      const { path, move_to } = entry;
      for (const [member, name] of Object.entries({ path, move_to: move_to || undefined })) {
        if (name === undefined) continue;
        if (seen.has(name) && !goesOn(entry)) {
          context.addIssue({ code: "custom", path: ["files", at, member], message: "is named twice" });
        }
        seen.add(name);
      }
    }
  });

const CHANGED = ["added", "modified", "deleted", "moved"] as const;
const STYLES = ["crlf", "lf", "bom", "no_bom"] as const;

const changed = z.object({
  path: z.string(),
  change: z.enum(CHANGED),
  from: z.string().optional(),
  kept: z.array(z.enum(STYLES)).optional().describe("What the file had, the new text lacked, and the file still has"),
  became: z.array(z.enum(STYLES)).optional().describe("What the file did not have before"),
  ignored_by: z
    .string()
    .optional()
    .describe("Rule by which git ignores this file: only a push that names it in 'files' commits it"),
  filter: z
    .string()
    .optional()
    .describe("Filter of .gitattributes, which does not run here: the file is stored as it is"),
});

const output = z.object({
  changed: z.array(changed),
  unchanged: z.array(z.string()).describe("Files that had this content already"),
  lfs: lfsFiles,
  truncated: z.boolean(),
});

type Facts = Partial<Omit<z.output<typeof changed>, "path" | "change" | "from">>;
type Edit = z.output<typeof input>;

const stepsOf = (asked: Edit): Step[] => [
  ...asked.files.map((entry, at) => stepOf(entry, `files.${at}`)),
  ...(asked.patch ? patchSteps(asked.patch) : []),
];

const styles = (words: string) => STYLES.filter((style) => words.split(" ").includes(style));

/** Facts about changed files: section 2 has triples of path, name and value. */
function factsOf({ sections }: ScriptOutput): Map<string, Facts> {
  const found = new Map<string, Facts>();
  const records = sectionRecords(sections, 2);
  for (let at = 0; at + 2 < records.length; at += 3) {
    const [path = "", name, value = ""] = records.slice(at, at + 3);
    const fact =
      name === "kept" || name === "became"
        ? { [name]: styles(value) }
        : name === "ignored_by" || name === "filter"
          ? { [name]: value }
          : {};
    found.set(path, { ...found.get(path), ...fact });
  }
  return found;
}

export const edit = defineOperation({
  name: "edit",
  summary: "Writes, replaces parts of, deletes and moves files, makes links and applies a patch, all or nothing.",
  access: "write",
  shell: "perl",
  input,
  output,
  script: assemble(editProgram, "perl"),
  plan(asked, { lfs }) {
    const payload = pack(withPointers(stepsOf(asked), lfs));
    const at = String(payload.contentsAt);
    if (fitsInline(payload)) return { args: [at, "", ...pieces(payload)] };
    const upload = `upload-${crypto.randomUUID()}`;
    return { args: [at, upload], files: [{ path: `.warmtree/${upload}`, bytes: payload.bytes }] };
  },
  parse(result, asked) {
    const failed = failureOf(result, EDIT_REASONS);
    if (failed) {
      const forLfs = contentsForLfs(result, stepsOf(asked));
      return forLfs.length > 0 ? { ...failed, forLfs } : failed;
    }
    const records = sectionRecords(result.sections, 1);
    const found = new Map<string, (typeof CHANGED)[number]>();
    for (let at = 0; at + 1 < records.length; at += 2) {
      const change = CHANGED.find((word) => word === records[at]);
      if (change) found.set(records[at + 1] ?? "", change);
    }
    const facts = factsOf(result);
    const moved = asked.files.flatMap(({ path, move_to: to = "" }) => {
      if (to === "" || found.get(path) !== "deleted" || found.get(to) !== "added") return [];
      found.delete(path);
      found.delete(to);
      return [{ path: to, change: "moved" as const, from: path, ...facts.get(to) }];
    });
    const listed = [...Array.from(found, ([path, change]) => ({ path, change, ...facts.get(path) })), ...moved];
    const isMoved = new Set(moved.flatMap(({ path, from }) => [path, from]));
    const written = asked.files.filter((entry) => !["delete", "move_to"].includes(actionOf(entry) ?? "mode"));
    const lfs = storedFiles(result);
    const paths = new Set(written.map(({ path }) => path));
    return {
      ok: true,
      value: {
        changed: listed.slice(0, MAX_LISTED),
        unchanged: [...paths].filter((path) => !found.has(path) && !isMoved.has(path)),
        ...(lfs ? { lfs } : {}),
        truncated: listed.length > MAX_LISTED || result.truncated,
      },
    };
  },
});
