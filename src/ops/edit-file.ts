import * as z from "zod/v4";
import { folderPath, treePath } from "./inputs.ts";
import type { Step } from "./payload.ts";

const ACTIONS = ["content", "base64", "old", "delete", "move_to", "link"] as const;
/** PATH_MAX of Linux, less the NUL. */
const MAX_TARGET_BYTES = 4095;
const MODES: Readonly<Record<string, boolean>> = { "+x": true, "755": true, "-x": false, "644": false };

const utf8 = new TextEncoder();
const isTarget = (text: string) => !text.includes("\0") && utf8.encode(text).length <= MAX_TARGET_BYTES;
const isMode = (text: string) => text === "" || modeOf(text) !== undefined;
/** Also as git and chmod write it: 100755, 0755. */
const modeOf = (text: string) => MODES[text.replace(/^(?:100|0)(?=\d{3}$)/, "")];

const written = z.strictObject({
  path: treePath,
  content: z.string().optional().describe("Complete new text; keeps the file's CRLF and byte-order mark"),
  base64: z.base64().optional().describe("Complete new content, as bytes"),
  old: z.string().optional().describe("Text of the file to replace by new; must occur once, unless all is set"),
  new: z.string().optional(),
  all: z.boolean().optional().describe("Replace old wherever it occurs"),
  delete: z.boolean().optional(),
  move_to: folderPath.optional(),
  link: z.string().refine(isTarget, "is not a target").optional().describe("Make a symbolic link with this target"),
  executable: z.boolean().optional().describe("May be alone"),
  mode: z.string().refine(isMode, "is none of 100755, 755, +x, 100644, 644, -x").optional().describe("As executable"),
});

type Written = z.output<typeof written>;

/** Models fill every member: an empty one asks for nothing if another asks for something. */
function actionsOf(file: Written): (typeof ACTIONS)[number][] {
  const given = ACTIONS.filter((action) => file[action] !== undefined && file[action] !== false);
  const filled = given.filter((action) => file[action] !== "");
  return filled.length > 0 ? filled : given.filter((action) => action === "content" || action === "base64").slice(0, 1);
}

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

type Problem = { readonly message: string; readonly path: readonly string[] };

/** What the script does for one entry of `files`. */
function stepOf(file: Written): Omit<Step, "place"> | Problem {
  const { path, content = "", base64 = "", old = "", move_to, link, executable } = file;
  const actions = actionsOf(file);
  const [action] = actions;
  if (actions.length > 1) return { message: `needs exactly one of ${ACTIONS.join(", ")}`, path: [] };
  if (action !== "old" && (file.new || file.all)) return { message: "needs 'old', the text to replace", path: ["old"] };
  const wanted = executable ?? modeOf(file.mode ?? "");
  if (executable !== undefined && wanted !== (modeOf(file.mode ?? "") ?? wanted)) {
    return { message: "contradicts executable", path: ["mode"] };
  }
  if (wanted && (action === "delete" || action === "link")) {
    return {
      message: `cannot be used for a ${action === "link" ? "symbolic link" : "deleted file"}`,
      path: ["executable"],
    };
  }
  const common = { path, ...(wanted === undefined ? {} : { mode: wanted ? ("+x" as const) : ("-x" as const) }) };
  if (action === undefined) {
    if (wanted !== undefined) return { ...common, kind: "mode" };
    return { message: `needs exactly one of ${ACTIONS.join(", ")}, or executable`, path: [] };
  }
  switch (action) {
    case "content":
      return { ...common, kind: "write", content: utf8.encode(content) };
    case "base64":
      return { ...common, kind: "bytes", content: bytesOf(base64) };
    case "old": {
      if (file.new === undefined) return { message: "is missing: the text that replaces old", path: ["new"] };
      const texts = { content: utf8.encode(old), replacement: utf8.encode(file.new) };
      return { ...common, ...texts, kind: file.all ? "replace_all" : "replace" };
    }
    case "delete":
      return { path, kind: "delete" };
    case "move_to":
      return { ...common, kind: "move", to: move_to ?? "" };
    case "link":
      return { path, kind: "link", to: link ?? "" };
  }
}

/** One entry of `files`; its output is a step without its place. */
export const file = written.transform((entry, context) => {
  const step = stepOf(entry);
  if (!("message" in step)) return step;
  context.addIssue({ code: "custom", message: step.message, path: [...step.path] });
  return z.NEVER;
});

/** Steps that take a file as it is then, so that others of the same file may come before. */
export const GOES_ON: ReadonlySet<Step["kind"]> = new Set(["replace", "replace_all", "mode"]);
