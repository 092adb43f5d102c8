/** Parses the output of `git status --porcelain=v2 --branch -z` (git-status(1), "Porcelain Format Version 2"). */

export const CHANGES = [
  "added",
  "modified",
  "deleted",
  "renamed",
  "copied",
  "type_changed",
  "unmerged",
  "untracked",
] as const;
export type Change = (typeof CHANGES)[number];

export const UNFINISHED = ["merge", "rebase", "cherry_pick", "revert", "bisect"] as const;

export interface StatusEntry {
  readonly list: "conflicts" | "staged" | "modified" | "untracked";
  readonly path: string;
  readonly change: Change;
  readonly from?: string;
  readonly submodule?: true;
}

export interface Status {
  branch: string | null;
  head: string | null;
  upstream?: string;
  ahead?: number;
  behind?: number;
  entries: StatusEntry[];
}

/** Letters of git status and of raw diffs. */
export const LETTERS: Readonly<Record<string, Change>> = {
  A: "added",
  M: "modified",
  D: "deleted",
  R: "renamed",
  C: "copied",
  T: "type_changed",
  U: "unmerged",
};

/** Number of fields before the path, by kind of line; the path is the rest, whatever it contains. */
const FIELDS_BEFORE_PATH: Readonly<Record<string, number>> = { "1": 8, "2": 9, u: 10 };

/** Total: other records are skipped. */
export function readStatus(records: readonly string[]): Status {
  const status: Status = { branch: null, head: null, entries: [] };
  for (let at = 0; at < records.length; at++) {
    const record = records[at] ?? "";
    const kind = record[0] ?? "";
    if (kind === "#") readHeader(record, status);
    else if (kind === "?") status.entries.push({ list: "untracked", path: record.slice(2), change: "untracked" });
    else if (kind in FIELDS_BEFORE_PATH) {
      // The record after a renamed or copied file is its old name.
      const from = kind === "2" ? records[++at] : undefined;
      readEntry(record, FIELDS_BEFORE_PATH[kind] ?? 0, from, status.entries);
    }
  }
  return status;
}

function readHeader(record: string, status: Status): void {
  const [, key, ...rest] = record.split(" ");
  const value = rest.join(" ");
  if (key === "branch.oid") status.head = value === "(initial)" ? null : value;
  else if (key === "branch.head") status.branch = value === "(detached)" ? null : value;
  // If a tag or a branch is called origin/main as well, git writes remotes/origin/main.
  else if (key === "branch.upstream") status.upstream = value.replace(/^remotes\/(?=origin\/)/, "");
  else if (key === "branch.ab") {
    const counts = /^\+(\d+) -(\d+)$/.exec(value);
    if (!counts) return;
    status.ahead = Number(counts[1]);
    status.behind = Number(counts[2]);
  }
}

function readEntry(record: string, fieldsBeforePath: number, from: string | undefined, entries: StatusEntry[]): void {
  const fields = record.split(" ");
  const [kind, xy = "..", sub = "N..."] = fields;
  if (fields.length <= fieldsBeforePath) return;
  const path = fields.slice(fieldsBeforePath).join(" ");
  const submodule = sub.startsWith("S") ? { submodule: true as const } : {};
  if (kind === "u") {
    entries.push({ list: "conflicts", path, change: "unmerged", ...submodule });
    return;
  }
  const staged = LETTERS[xy[0] ?? "."];
  const modified = LETTERS[xy[1] ?? "."];
  const origin = (change: Change) =>
    from !== undefined && (change === "renamed" || change === "copied") ? { from } : {};
  if (staged) entries.push({ list: "staged", path, change: staged, ...origin(staged), ...submodule });
  if (modified) entries.push({ list: "modified", path, change: modified, ...origin(modified), ...submodule });
}
