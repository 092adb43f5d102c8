import { type Hunk, PatchError } from "./types.ts";

/** Lines of a patch, and the index of the current line. */
export interface Reader {
  readonly lines: string[];
  at: number;
}

const NUMBERS = /^@@+ *-(\d+)(?:,(\d+))? +\+(\d+)(?:,(\d+))? *@@/;
const IN_HUNK = /^(?:[ +\\-]|$)/;
/** git's version at the end of a mailed patch. */
const SIGNATURE = /^\d+\.\d+[\w.-]*$/;

/** Whether a file's two names begin at this line. They look like lines that a hunk removes and adds. */
export function isHeader(lines: readonly string[], at: number): boolean {
  const [old = "", now = "", next = ""] = lines.slice(at, at + 3);
  if (!old.startsWith("--- ") || !now.startsWith("+++ ") || !next.startsWith("@@")) return false;
  const isUsual = /^.{4}(?:\/dev\/null\s*$|"?[abciow]\/)/;
  return old.slice(4) === now.slice(4) || (isUsual.test(old) && isUsual.test(now));
}

const isSignature = (lines: readonly string[], at: number) =>
  lines[at] === "-- " && SIGNATURE.test(lines[at + 1] ?? "") && lines.slice(at + 2).every((line) => line.trim() === "");

/** Returns the index after the longest run of lines that may belong to a hunk. */
function runEnd(lines: readonly string[], from: number): number {
  let at = from;
  while (at < lines.length && IN_HUNK.test(lines[at] ?? "") && !isHeader(lines, at) && !isSignature(lines, at)) at++;
  return at;
}

/** Returns the index after the lines that fit the counts of a hunk exactly; undefined if none do. */
function countedEnd(run: readonly string[], oldCount: number, newCount: number): number | undefined {
  let [old, now] = [oldCount, newCount];
  for (const [at, line] of run.entries()) {
    if (old === 0 && now === 0 && !line.startsWith("\\")) return at;
    if (!/^[+\\]/.test(line)) old--;
    if (!/^[-\\]/.test(line)) now--;
    if (old < 0 || now < 0) return undefined;
  }
  return old === 0 && now === 0 ? run.length : undefined;
}

const isBlank = (line: string) => line.trim() === "";

function withoutBlankEnd(run: readonly string[]): string[] {
  return run.slice(0, run.findLastIndex((line) => line !== "") + 1);
}

/**
 * Reads the hunk at the reader's line. Trusts the header's counts if only blank lines follow the counted lines.
 * Otherwise the hunk ends before the first line that cannot be in a hunk, because models get counts wrong.
 */
export function readHunk(reader: Reader): Hunk {
  const { lines } = reader;
  const line = reader.at + 1;
  const header = lines[reader.at] ?? "";
  if (header.startsWith("@@@")) throw new PatchError(line, "is of a combined diff, which has several old sides");
  const numbers = NUMBERS.exec(header);
  const run = lines.slice(line, runEnd(lines, line));
  const [, start, oldCount = "1", , newCount = "1"] = numbers ?? [];
  const end = numbers ? countedEnd(run, Number(oldCount), Number(newCount)) : undefined;
  const isCounted = end !== undefined && run.slice(end).every(isBlank);
  const body = isCounted ? run.slice(0, end) : withoutBlankEnd(run);
  reader.at = line + run.length;
  if (body.length === 0) throw new PatchError(line, "begins a hunk without lines");
  if (numbers) lines[line - 1] = counted(header, body);
  const anchor = numbers
    ? ""
    : header
        .replace(/^@@ */, "")
        .replace(/ *@@.*$/, "")
        .trim();
  return {
    line,
    // Without old lines, only a correct header says where the new lines go.
    ...(start !== undefined && (isCounted || body.some((each) => /^[ -]|^$/.test(each)))
      ? { start: Number(start) }
      : {}),
    anchors: /[^.\s]/.test(anchor) && !/^-\d/.test(anchor) ? [anchor] : [],
    atEnd: false,
    body: body.map((each) => (each === "" ? " " : each)),
  };
}

/** Returns the header with the right counts. */
function counted(header: string, body: readonly string[]): string {
  const old = body.filter((line) => !/^[+\\]/.test(line)).length;
  const now = body.filter((line) => !/^[-\\]/.test(line)).length;
  return header.replace(
    NUMBERS,
    (_, oldStart: string, _old, newStart: string) => `@@ -${oldStart},${old} +${newStart},${now} @@`,
  );
}
