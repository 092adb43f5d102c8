import { isHeader, readHunk, type Reader } from "./hunk-lines.ts";
import { inTree, meant, nameIn, nameInHeader, NONE } from "./names.ts";
import { type FileChange, type Hunk, type Mode, type Name, type Patch, PatchError } from "./types.ts";

const GIT = "diff --git ";
const EXTENDED =
  /^(old mode|new mode|deleted file mode|new file mode|copy from|copy to|rename from|rename to|rename old|rename new|similarity index|dissimilarity index|index) (.*)$/;
/** Start of a change whose `diff --git` line a model has left out. */
const HEADLESS = /^(?:(?:old|new|new file|deleted file) mode \d{6}|(?:rename|copy) from .|similarity index \d+%)/;
/** Instructions that cannot be followed at this place. */
const STRAY =
  /^(?:\*\*\* (?:Add|Update|Delete) File: |\*\*\* Move to: |Binary files .* differ\s*$|(?:rename|copy) to .)/;
const MODES: Readonly<Record<string, Mode>> = { "100644": "100644", "100755": "100755", "120000": "120000" };

/** Reads a unified diff, by git or by a model. Skips text before and between the changes. */
export function readUnified(lines: readonly string[]): Patch {
  const reader: Reader = { lines: [...lines], at: 0 };
  const changes: FileChange[] = [];
  let isBinary = false;
  while (reader.at < lines.length) {
    const line = lines[reader.at] ?? "";
    if (line.startsWith(GIT) || HEADLESS.test(line) || isNamed(lines, reader.at)) {
      const change = readChange(reader);
      if (change === "binary") isBinary = true;
      else changes.push(change);
    } else if (line.startsWith("@@")) {
      throw new PatchError(reader.at + 1, "begins a hunk, and no line before it names the file ('--- a/…', '+++ b/…')");
    } else if (STRAY.test(line)) {
      throw new PatchError(reader.at + 1, "is in no change");
    } else if (changes.length > 0 && /^[+-]/.test(line) && line !== "-- ") {
      throw new PatchError(reader.at + 1, "is in no hunk: unchanged lines of a hunk begin with a blank");
    } else reader.at++;
  }
  if (isBinary) return { kind: "binary", text: reader.lines.join("\n") };
  if (changes.length === 0) throw new PatchError(0, "has no change: a change begins with '--- a/…' and '+++ b/…'");
  return { kind: "changes", changes };
}

const isNamed = (lines: readonly string[], at: number) =>
  isHeader(lines, at) || (/^--- \S/.test(lines[at] ?? "") && /^\+\+\+ \S/.test(lines[at + 1] ?? ""));

function readChange(reader: Reader): FileChange | "binary" {
  const { lines } = reader;
  const line = reader.at + 1;
  const facts = new Map<string, string>();
  let header: ReturnType<typeof nameInHeader>;
  if (lines[reader.at]?.startsWith(GIT)) {
    header = nameInHeader((lines[reader.at] ?? "").slice(GIT.length));
    reader.at++;
  }
  for (; ; reader.at++) {
    const [, key = "", value = ""] = EXTENDED.exec(lines[reader.at] ?? "") ?? [];
    if (key === "" || facts.has(key)) break;
    facts.set(key, value);
  }
  if (lines[reader.at]?.startsWith("GIT binary patch")) {
    if (!header?.isPrefixed && !facts.has("rename from")) throw new PatchError(line, "has no 'a/' and 'b/'");
    const next = lines.findIndex((each, index) => index > reader.at && each.startsWith(GIT));
    reader.at = next === -1 ? lines.length : next;
    return "binary";
  }
  if (lines[reader.at]?.startsWith("Binary files ")) {
    throw new PatchError(line, "is of a binary file, without its content");
  }
  let names: readonly [old: string, now: string] | undefined;
  if (/^--- \S/.test(lines[reader.at] ?? "") && /^\+\+\+ \S/.test(lines[reader.at + 1] ?? "")) {
    const at = reader.at;
    names = [nameIn((lines[at] ?? "").slice(4), at + 1), nameIn((lines[at + 1] ?? "").slice(4), at + 2)];
    reader.at += 2;
  }
  const hunks: Hunk[] = [];
  while (lines[reader.at]?.startsWith("@@")) hunks.push(readHunk(reader));
  return changeOf({ line, facts, hunks, names, header });
}

interface Found {
  readonly line: number;
  readonly facts: ReadonlyMap<string, string>;
  readonly hunks: readonly Hunk[];
  readonly names: readonly [old: string, now: string] | undefined;
  readonly header: ReturnType<typeof nameInHeader>;
}

function changeOf({ line, facts, hunks, names, header }: Found): FileChange {
  const mode = modeOf(facts, line);
  const common = { line, hunks, ...(mode === undefined ? {} : { mode }) };
  for (const kind of ["rename", "copy"] as const) {
    const from = facts.get(`${kind} from`) ?? facts.get(`${kind} old`);
    const to = facts.get(`${kind} to`) ?? facts.get(`${kind} new`);
    if (from === undefined && to === undefined) continue;
    if (from === undefined || to === undefined) throw new PatchError(line, `has no '${kind} ${from ? "to" : "from"}'`);
    const sides = { from: inTree(nameIn(from, line), line), to: inTree(nameIn(to, line), line) };
    return { ...common, ...sides, kind: kind === "rename" ? "move" : "copy" };
  }
  const name = commonName(names, header, line);
  const isNew = facts.has("new file mode") || names?.[0] === NONE;
  const isGone = facts.has("deleted file mode") || names?.[1] === NONE;
  if (isNew && isGone) throw new PatchError(line, "makes and deletes the same file");
  if (isNew) return { ...common, kind: "create", to: name };
  if (isGone) return { ...common, kind: "delete", from: name, whole: false };
  if (hunks.length === 0 && !facts.has("new mode")) throw new PatchError(line, "begins a change without a hunk");
  return { ...common, kind: "update", from: name };
}

function commonName(names: Found["names"], header: Found["header"], line: number): Name {
  if (names) return meant(names[0], names[1], header?.name, line);
  if (!header) throw new PatchError(line, "names two files, or names that cannot be told apart");
  return inTree(header.name, line);
}

/** Returns the new mode; for a symbolic link, also the mode that it keeps or had. */
function modeOf(facts: Found["facts"], line: number): Mode | undefined {
  const kept = [facts.get("deleted file mode"), facts.get("index")?.split(" ")[1]].find((mode) => mode === "120000");
  const written = facts.get("new mode") ?? facts.get("new file mode") ?? kept;
  if (written === undefined) return undefined;
  const mode = MODES[written.trim()];
  if (mode === undefined) {
    throw new PatchError(line, `has the mode ${written}, which is not of a file or symbolic link`);
  }
  return mode;
}
