import * as z from "zod/v4";
import type { Step } from "./payload.ts";
import { filePath, filePathOrNone } from "./tree-path.ts";

const ACTIONS = ["content", "base64", "old", "delete", "move_to", "link"] as const;
/** PATH_MAX of Linux, less the NUL. */
const MAX_TARGET_BYTES = 4095;
const MODES: Readonly<Record<string, boolean>> = { "+x": true, "755": true, "-x": false, "644": false };

const utf8 = new TextEncoder();
const isTarget = (text: string) => !text.includes("\0") && utf8.encode(text).length <= MAX_TARGET_BYTES;
/** A pattern, so that a number is accepted too (one-reading.ts). */
const MODE = /^(?:(?:100|0)?(?:755|644)|[+-]x)?$/;
/** Reads a mode, also in the form of git or chmod: 100755, 0755. */
const modeOf = (text: string) => MODES[text.replace(/^(?:100|0)(?=\d{3}$)/, "")];

const written = z.strictObject({
  path: filePath,
  content: z.string().optional().describe("Complete new text; keeps the file's CRLF and byte-order mark"),
  base64: z.base64().optional().describe("Complete new content, as bytes"),
  old: z.string().optional().describe("Text of the file to replace by new; must occur once, unless all is set"),
  new: z.string().optional(),
  all: z.boolean().optional().describe("Replace old wherever it occurs"),
  delete: z.boolean().optional(),
  move_to: filePathOrNone.optional(),
  link: z.string().refine(isTarget, "is not a target").optional().describe("Make a symbolic link with this target"),
  executable: z.boolean().optional().describe("May be alone"),
  mode: z.string().regex(MODE, "is none of 100755, 755, +x, 100644, 644, -x").optional().describe("As executable"),
});

export type FileEdit = z.output<typeof written>;
type Action = (typeof ACTIONS)[number];

/**
 * Returns the actions of an entry. Models fill every member, so an empty member is ignored if another one asks for
 * something. Empty content empties a file only if no other action is given, or if nothing else is asked.
 */
function actionsOf(file: FileEdit): Action[] {
  const given = ACTIONS.filter((action) => file[action] !== undefined && file[action] !== false);
  const filled = given.filter((action) => file[action] !== "");
  if (filled.length > 0 || (given.length > 1 && isExecutable(file) !== undefined)) return filled;
  return given.filter((action) => action === "content" || action === "base64").slice(0, 1);
}

/** Returns the action of an entry; undefined if only the mode changes. */
export const actionOf = (file: FileEdit): Action | undefined => actionsOf(file)[0];

/** Whether an entry works on the current file (replacements, modes), so that other entries for it may come before. */
export const goesOn = (file: FileEdit): boolean => [undefined, "old"].includes(actionOf(file));

const isExecutable = ({ executable, mode = "" }: FileEdit) => executable ?? modeOf(mode);

interface Problem {
  readonly message: string;
  readonly path?: readonly string[];
}

function problemOf(file: FileEdit): Problem | undefined {
  const actions = actionsOf(file);
  const [action] = actions;
  const executable = isExecutable(file);
  if (actions.length > 1) return { message: `needs exactly one of ${ACTIONS.join(", ")}` };
  if (action !== "old" && (file.new || file.all)) return { message: "needs 'old', the text to replace", path: ["old"] };
  if (action === "old" && file.new === undefined) {
    return { message: "is missing: the text that replaces old", path: ["new"] };
  }
  if (executable !== (modeOf(file.mode ?? "") ?? executable)) {
    return { message: "contradicts executable", path: ["mode"] };
  }
  if (executable && action === "delete") return { message: "cannot be used for a deleted file", path: ["executable"] };
  if (executable && action === "link") return { message: "cannot be used for a symbolic link", path: ["executable"] };
  if (action === undefined && executable === undefined) {
    return { message: `needs exactly one of ${ACTIONS.join(", ")}, or executable` };
  }
  return undefined;
}

/** One entry of `files`. */
export const file = written.superRefine((entry, context) => {
  const problem = problemOf(entry);
  if (problem) context.addIssue({ code: "custom", message: problem.message, path: [...(problem.path ?? [])] });
});

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** Converts an entry to a step of the script. */
export function stepOf(entry: FileEdit, place: string): Step {
  const { path, content = "", base64 = "", old = "", new: replacement = "", all, move_to: to = "", link = "" } = entry;
  const executable = isExecutable(entry);
  const common: Pick<Step, "path" | "place" | "mode"> = {
    path,
    place,
    ...(executable === undefined ? {} : { mode: executable ? "+x" : "-x" }),
  };
  switch (actionOf(entry)) {
    case "content":
      return { ...common, kind: "write", content: utf8.encode(content) };
    case "base64":
      return { ...common, kind: "bytes", content: bytesOf(base64) };
    case "old": {
      const texts = { content: utf8.encode(old), replacement: utf8.encode(replacement) };
      return { ...common, ...texts, kind: all ? "replace_all" : "replace" };
    }
    case "delete":
      return { path, place, kind: "delete" };
    case "move_to":
      return { ...common, kind: "move", to };
    case "link":
      return { path, place, kind: "link", to: link };
    case undefined:
      return { ...common, kind: "mode" };
  }
}
