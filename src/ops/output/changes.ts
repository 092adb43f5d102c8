import { textOf } from "./sections.ts";
import { type Change, LETTERS } from "./porcelain.ts";

const NUL = 0;
const COLON = 58;

export interface ChangedFile {
  path: string;
  change: Change;
  from?: string;
  /** Added and deleted lines; absent for binary files, and if the output was cut before the counts. */
  added?: number;
  deleted?: number;
  binary?: true;
}

/** Reads NUL-terminated records one by one; undefined if the bytes end before the NUL. */
class Records {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  next(): string | undefined {
    const end = this.#bytes.indexOf(NUL, this.at);
    if (end === -1) {
      this.at = this.#bytes.length;
      return undefined;
    }
    const record = textOf(this.#bytes.subarray(this.at, end));
    this.at = end + 1;
    return record;
  }

  nextIsRaw(): boolean {
    return this.#bytes[this.at] === COLON;
  }
}

/**
 * Parses the output of `git diff --raw --numstat -z -p` (git-diff(1), "Raw output format" and "Other diff formats"):
 * files, their counts, an empty record, then the patch, which begins at `patchAt`; undefined if the bytes end before
 * it. Total: other records are skipped.
 */
export function readChanges(bytes: Uint8Array): { files: ChangedFile[]; patchAt: number | undefined } {
  const records = new Records(bytes);
  const files = new Map<string, ChangedFile>();
  while (records.nextIsRaw()) {
    const letter = records.next()?.split(" ").at(-1)?.[0] ?? "";
    const from = letter === "R" || letter === "C" ? records.next() : undefined;
    const path = records.next();
    const change = LETTERS[letter];
    // An unmerged file has two records: as unmerged, and compared with our side.
    if (path === undefined || change === undefined || files.has(path)) continue;
    files.set(path, { path, change, ...(from === undefined ? {} : { from }) });
  }
  if (files.size === 0 && bytes.length === 0) return { files: [], patchAt: 0 };
  let counts = records.next();
  while (counts !== undefined && counts !== "") {
    readCounts(counts, records, files);
    counts = records.next();
  }
  return { files: [...files.values()], patchAt: counts === undefined ? undefined : records.at };
}

function readCounts(record: string, records: Records, files: ReadonlyMap<string, ChangedFile>): void {
  const [, added = "", deleted = "", name = ""] = /^(\d+|-)\t(\d+|-)\t(.*)$/s.exec(record) ?? [];
  // An empty name here means a rename; its two names follow.
  const path = name === "" && added !== "" ? (records.next(), records.next()) : name;
  const file = path === undefined ? undefined : files.get(path);
  if (!file) return;
  if (added === "-") {
    file.binary = true;
    return;
  }
  file.added = (file.added ?? 0) + Number(added);
  file.deleted = (file.deleted ?? 0) + Number(deleted);
}
