import * as z from "zod/v4";
import { failureOf, type Reasons } from "./output/failure.ts";
import { MAX_FILES, OUTSIDE, sandboxId, treePath } from "./inputs.ts";
import { defineOperation } from "./operation.ts";
import { sectionRecords } from "./output/sections.ts";
import { fitsInline, pack, pieces, type Step } from "./payload.ts";
import { assemble } from "./scripts/assemble.ts";
import editProgram from "./scripts/edit.pl" with { type: "text" };

/** Only a patch that changes more files makes a longer list. */
const MAX_LISTED = 1000;
const ACTIONS = ["content", "base64", "delete", "move_to"] as const;

const file = z
  .strictObject({
    path: treePath,
    content: z.string().optional().describe("Complete new text"),
    base64: z.base64().optional().describe("Complete new content, as bytes"),
    delete: z.literal(true).optional(),
    move_to: treePath.optional(),
    executable: z.boolean().optional(),
  })
  .refine((entry) => ACTIONS.filter((action) => entry[action] !== undefined).length === 1, {
    message: `needs exactly one of ${ACTIONS.join(", ")}`,
  })
  .refine((entry) => !entry.delete || entry.executable === undefined, {
    path: ["executable"],
    message: "cannot be used for a deleted file",
  });

const input = z
  .strictObject({
    sandbox_id: sandboxId,
    files: z.array(file).max(MAX_FILES).default([]).describe("One action each: content or base64, delete, move_to"),
    patch: z.string().min(1).optional().describe("Unified diff, applied after files"),
  })
  .refine((asked) => asked.files.length > 0 || asked.patch !== undefined, "needs files or a patch")
  .superRefine((asked, context) => {
    const seen = new Set<string>();
    for (const [at, { path, move_to }] of asked.files.entries()) {
      for (const [member, name] of Object.entries({ path, move_to })) {
        if (name === undefined) continue;
        if (seen.has(name)) {
          context.addIssue({ code: "custom", path: ["files", at, member], message: "is named twice" });
        }
        seen.add(name);
      }
    }
  });

const CHANGED = ["added", "modified", "deleted", "moved"] as const;

const output = z.object({
  changed: z.array(z.object({ path: z.string(), change: z.enum(CHANGED), from: z.string().optional() })),
  unchanged: z.array(z.string()).describe("Files that had this content already"),
  truncated: z.boolean(),
});

const utf8 = new TextEncoder();

type Edit = z.output<typeof input>;

function stepsOf(asked: Edit): Step[] {
  const steps: Step[] = asked.files.map(({ path, content, base64, move_to, executable }) => {
    const common = { path, ...(executable === undefined ? {} : { executable }) };
    if (move_to !== undefined) return { ...common, kind: "move", moveTo: move_to };
    if (content !== undefined) return { ...common, kind: "write", content: utf8.encode(content) };
    if (base64 !== undefined) return { ...common, kind: "write", content: bytesOf(base64) };
    return { ...common, kind: "delete" };
  });
  if (asked.patch === undefined) return steps;
  // git takes a patch without its last line end for a corrupt patch.
  const patch = asked.patch.endsWith("\n") ? asked.patch : `${asked.patch}\n`;
  return [...steps, { kind: "patch", path: "", content: utf8.encode(patch) }];
}

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

type Explain = Reasons[string];

/** `place` is `<index>.path` or `<index>.move_to`. */
const refused =
  (why: string): Explain =>
  (place) => ({
    code: "invalid_input",
    field: `files.${place}`,
    detail: `files.${place} ${why}. Nothing was changed.`,
  });

const REASONS: Reasons = {
  symlink: refused("is a symlink or below one, and symlinks are not followed"),
  folder: refused("is a folder"),
  under_file: refused("is below a path that is not a folder"),
  special: refused("is neither a file nor a folder"),
  exists: refused("exists already"),
  unwritable: (told) => {
    const [place = "", why = ""] = told.split("\n");
    const field = place === "" ? {} : { field: `files.${place}` };
    return { code: "invalid_input", ...field, detail: `A file cannot be written: ${why}. Nothing was changed.` };
  },
  outside: () => ({
    code: "invalid_input",
    field: "patch",
    detail: `patch names a file that ${OUTSIDE}. Nothing was changed.`,
  }),
  patch_failed: (said) => ({
    code: "patch_failed",
    detail: `The patch does not apply: ${said
      .replaceAll(/^error: /gm, "")
      .trim()
      .split("\n")
      .join("; ")}. Nothing was changed.`,
  }),
  missing: (place) => ({
    code: "path_not_found",
    field: `files.${place}`,
    detail: `files.${place} does not exist. Nothing was changed.`,
  }),
};

export const edit = defineOperation({
  name: "edit",
  summary: "Writes, deletes and moves files and applies a patch, all or nothing.",
  access: "write",
  shell: "perl",
  input,
  output,
  script: assemble(editProgram, "perl"),
  plan(asked) {
    const payload = pack(stepsOf(asked));
    const at = String(payload.contentsAt);
    if (fitsInline(payload)) return { args: [at, "", ...pieces(payload)] };
    const upload = `upload-${crypto.randomUUID()}`;
    return { args: [at, upload], files: [{ path: `.warmtree/${upload}`, bytes: payload.bytes }] };
  },
  parse(result, asked) {
    const failed = failureOf(result, REASONS);
    if (failed) return failed;
    const records = sectionRecords(result.sections, 1);
    const found = new Map<string, (typeof CHANGED)[number]>();
    for (let at = 0; at + 1 < records.length; at += 2) {
      const change = CHANGED.find((word) => word === records[at]);
      if (change) found.set(records[at + 1] ?? "", change);
    }
    const moved = asked.files.flatMap(({ path, move_to }) => {
      if (move_to === undefined || found.get(path) !== "deleted" || found.get(move_to) !== "added") return [];
      found.delete(path);
      found.delete(move_to);
      return [{ path: move_to, change: "moved" as const, from: path }];
    });
    const changed = [...Array.from(found, ([path, change]) => ({ path, change })), ...moved];
    const written = asked.files.filter(({ content, base64 }) => content !== undefined || base64 !== undefined);
    return {
      ok: true,
      value: {
        changed: changed.slice(0, MAX_LISTED),
        unchanged: written.flatMap(({ path }) => (found.has(path) ? [] : [path])),
        truncated: changed.length > MAX_LISTED || result.truncated,
      },
    };
  },
});
