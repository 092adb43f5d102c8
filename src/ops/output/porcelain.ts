/** What `git status --porcelain=v2 --branch -z` says (git-status(1), "Porcelain Format Version 2"). */

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

/** Letters of status and of raw diffs. */
export const LETTERS: Readonly<Record<string, Change>> = {
  A: "added",
  M: "modified",
  D: "deleted",
  R: "renamed",
  C: "copied",
  T: "type_changed",
  U: "unmerged",
};

/** Fields before the path in each kind of line; the path is the rest, whatever it contains. */
const FIELDS_BEFORE_PATH: Readonly<Record<string, number>> = { "1": 8, "2": 9, u: 10 };

/** Total: a record that is none of the format's is passed over. */
export function readStatus(records: readonly string[]): Status {
  const status: Status = { branch: null, head: null, entries: [] };
  for (let at = 0; at < records.length; at++) {
    const record = records[at] ?? "";
    const kind = record[0] ?? "";
    if (kind === "#") readHeader(record, status);
    else if (kind === "?") status.entries.push({ list: "untracked", path: record.slice(2), change: "untracked" });
    else if (kind in FIELDS_BEFORE_PATH) {
      // A renamed or copied file is followed by the record of the name it had.
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
  // Where a tag or a branch is called origin/main as well, git writes remotes/origin/main.
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
