import { inTree } from "./names.ts";
import { type FileChange, type Hunk, type Patch, PatchError } from "./types.ts";

export const BEGIN = "*** Begin Patch";
const END = "*** End Patch";
const FILE = /^\*\*\* (Add|Update|Delete) File: (.+)$/;
const MOVE = /^\*\*\* Move to: (.+)$/;
/** Lines of a patch. Outside of its markers they would be dropped. */
const OF_PATCH = /^(?:\*\*\* |diff --git |@@|--- \S|\+\+\+ \S)/;
const END_OF_FILE = "*** End of File";

/** Reads the form with `*** Begin Patch`. `from` is the index after that line. */
export function readBeginPatch(lines: readonly string[], from: number): Patch {
  const changes: FileChange[] = [];
  const isEnd = (line: string) => line.trimEnd() === END || line.startsWith("```");
  const last = lines.findIndex((line, index) => index >= from && isEnd(line));
  const end = last === -1 ? lines.length : last;
  const outside = lines.findIndex((line, index) => (index < from - 1 || index > end) && OF_PATCH.test(line));
  if (outside !== -1) throw new PatchError(outside + 1, `is not between '${BEGIN}' and '${END}'`);
  let at = from;
  while (at < end) {
    const [, action, name = ""] = FILE.exec(lines[at] ?? "") ?? [];
    const line = at + 1;
    if (action === undefined) {
      if (lines[at]?.trim() !== "") throw new PatchError(line, "is in no file: '*** Update File: …' is missing");
      at++;
      continue;
    }
    const next = lines.findIndex((each, index) => index > at && index < end && FILE.test(each));
    const rest = lines.slice(line, next === -1 ? end : next);
    changes.push(changeOf(action, name.trim(), rest, line));
    at = line + rest.length;
  }
  if (changes.length === 0) throw new PatchError(0, "has no change");
  return { kind: "changes", changes };
}

function changeOf(action: string, name: string, lines: readonly string[], line: number): FileChange {
  const path = inTree(name, line);
  if (action === "Delete") {
    const stray = lines.findIndex((each) => each.trim() !== "");
    if (stray !== -1) throw new PatchError(line + stray + 1, "follows '*** Delete File', which has no lines");
    return { line, kind: "delete", from: path, whole: true, hunks: [] };
  }
  if (action === "Add") return { line, kind: "create", to: path, hunks: addition(lines, line) };
  const [, moved] = MOVE.exec(lines[0] ?? "") ?? [];
  const skipped = moved === undefined ? 0 : 1;
  const hunks = readHunks(lines.slice(skipped), line + skipped);
  if (moved !== undefined) return { line, kind: "move", from: path, to: inTree(moved.trim(), line + 1), hunks };
  if (hunks.length === 0) throw new PatchError(line, "begins a change without a hunk");
  return { line, kind: "update", from: path, hunks };
}

function addition(lines: readonly string[], line: number): Hunk[] {
  const body = lines.slice(0, lines.findLastIndex((each) => each !== "") + 1);
  const stray = body.findIndex((each) => each !== "" && !each.startsWith("+"));
  if (stray !== -1) throw new PatchError(line + stray + 1, "of a new file does not begin with '+'");
  if (body.length === 0) return [];
  return [{ line: line + 1, anchors: [], atEnd: false, body: body.map((each) => (each === "" ? "+" : each)) }];
}

/** Reads hunks. `line` is the number of the line before the first of `lines`. */
function readHunks(lines: readonly string[], line: number): Hunk[] {
  const hunks: Hunk[] = [];
  let anchors: string[] = [];
  let body: string[] = [];
  let begun = line + 1;
  const close = (atEnd: boolean) => {
    const last = body.findLastIndex((each) => each !== "");
    if (last !== -1) {
      const filled = body.slice(0, last + 1).map((each) => (each === "" ? " " : each));
      hunks.push({ line: begun, anchors, atEnd, body: filled });
      anchors = [];
    }
    body = [];
  };
  for (const [index, each] of lines.entries()) {
    if (each.startsWith("@@")) {
      close(false);
      if (anchors.length === 0) begun = line + index + 1;
      const anchor = each
        .replace(/^@@ */, "")
        .replace(/ *@@.*$/, "")
        .trim();
      if (/[^.\s]/.test(anchor) && !/^-\d/.test(anchor)) anchors = [...anchors, anchor];
    } else if (each.trimEnd() === END_OF_FILE) close(true);
    else if (/^[ +-]|^$/.test(each)) body.push(each);
    else if (each.startsWith("\\")) continue;
    else throw new PatchError(line + index + 1, "is in no hunk: unchanged lines of a hunk begin with a blank");
  }
  close(false);
  if (anchors.length > 0) throw new PatchError(begun, "begins a hunk without lines");
  return hunks;
}
