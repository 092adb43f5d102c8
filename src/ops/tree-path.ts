import * as z from "zod/v4";

/** PATH_MAX of Linux (4096 with the NUL), less the folder of the tree and git's own names in it. */
const MAX_PATH_BYTES = 3800;
/** NAME_MAX of Linux and macOS. */
export const MAX_NAME_BYTES = 255;

const utf8 = new TextEncoder();
export const isWithin = (text: string, maxBytes: number) => utf8.encode(text).byteLength <= maxBytes;

/** Characters that HFS+ ignores when it compares names (git's utf8.c, next_hfs_char). */
const HFS_IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/**
 * Whether a name is .git, also to other systems only: git refuses these names by core.protectNTFS and core.protectHFS.
 */
const isGitDirectory = (part: string) => /^(?:\.git|git~1)[. ]*(?:$|:)/i.test(part.replaceAll(HFS_IGNORED, ""));

const OUT = "is not a path inside the working tree";

/** Rules for the files that a patch names. End of a sentence that begins with a name. */
export const OUTSIDE = `${OUT} (relative, no '..', not in .git, no name over ${MAX_NAME_BYTES} bytes)`;

/** Splits a path: `/x`, `./x` and `x/` are x, `x//y` is x/y. The tree has one root; git's paths have no empty parts. */
const partsOf = (written: string) => written.split("/").filter((part) => part !== "" && part !== ".");

/** Resolves `..`; undefined if the path leads out of the tree. Only a suggestion: a symlink would lead elsewhere. */
function withoutDots(parts: readonly string[]): string | undefined {
  const kept: string[] = [];
  for (const part of parts) {
    if (part !== "..") kept.push(part);
    else if (kept.pop() === undefined) return undefined;
  }
  return kept.join("/") || ".";
}

/** Returns the rule that a path breaks, with the path that it means if there is one; undefined if it breaks none. */
function faultOf(parts: readonly string[]): string | undefined {
  const path = parts.join("/");
  if (path.includes("\0")) return `${OUT}: no name has a NUL character`;
  if (path.split(/[/\\]/).some(isGitDirectory)) return `${OUT}: .git is git's own folder`;
  if (parts.includes("..")) {
    const meant = withoutDots(parts);
    return `${OUT}: '..' ${meant === undefined ? "leads out of it" : `is not taken; write '${meant}'`}`;
  }
  const long = parts.find((part) => !isWithin(part, MAX_NAME_BYTES));
  if (long !== undefined) {
    return `${OUT}: the name '${long.slice(0, 20)}…' has over ${MAX_NAME_BYTES} bytes`;
  }
  return isWithin(path, MAX_PATH_BYTES) ? undefined : `${OUT}: it has over ${MAX_PATH_BYTES} bytes`;
}

function pathSchema(refusal: (written: string, path: string) => string | undefined = () => undefined) {
  return z.string().transform((written, context) => {
    const parts = partsOf(written);
    const found = parts.join("/");
    const message = faultOf(parts) ?? refusal(written, found);
    if (message === undefined) return found;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });
}

const ofRoot = (found: string) => (found === "" ? "is the root folder; name a file or folder in it" : undefined);

/** A file or folder, with "" for the root folder. */
export const folderPath = pathSchema();

/** A file or folder to look at; undefined for the root folder, which means everything. */
export const scopePath = folderPath.transform((found) => (found === "" ? undefined : found));

/** A file or folder below the root folder. */
export const treePath = pathSchema((_written, found) => ofRoot(found));

const ofFolder = (written: string, found: string) =>
  ofRoot(found) ??
  (/\/\.?$/.test(written) ? `names a folder, because it ends in '/'; a file is '${found}' or '${found}/…'` : undefined);

/** A file to write. `x/` may mean a folder to make, or a folder to move into. */
export const filePath = pathSchema(ofFolder);

/** As filePath, or "" for none. */
export const filePathOrNone = pathSchema((written, found) => (written === "" ? undefined : ofFolder(written, found)));

/** Files and folders. The root folder among them means all: the list is empty then. */
export const pathsOrAll = (max: number) =>
  z
    .array(folderPath)
    .max(max)
    .transform((paths) => (paths.includes("") ? [] : paths));
