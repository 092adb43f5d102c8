import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { LETTERS, readStatus, type Status } from "../../src/ops/output/porcelain.ts";
import { type Commit, LOG_FORMAT, readCommits } from "./graph.ts";
import { runBash } from "./run-bash.ts";

/** The state of a working tree by plain git. */
export interface Look {
  readonly head: string | undefined;
  /** The refs below `refs/`, by whole name; without symbolic ones, such as the remote's HEAD. */
  readonly refs: ReadonlyMap<string, string>;
  readonly status: Status;
  /** Names in .git that show an unfinished state. */
  readonly unfinished: readonly string[];
  readonly log: readonly Commit[];
  readonly diff: string;
  /** `modified path` and the like; a renamed file has both its names. */
  readonly changed: readonly string[];
  readonly staged: string;
  readonly files: ReadonlyMap<string, File>;
}

export interface File {
  readonly kind: "file" | "symlink";
  readonly isExecutable: boolean;
  readonly bytes: Buffer;
}

const MARK = "\0\n<<walk>>\n\0";

/**
 * Runs on a copy of the index, dated long ago, so that git trusts none of its notes; new objects go into a scratch
 * folder. Objects that a partial clone lacks come from the remote. New files are noted (add -N), so that diff shows
 * them.
 */
const SCRIPT = `
mark() { printf '\\0\\n<<walk>>\\n\\0'; }
export GIT_INDEX_FILE=$1/index GIT_OBJECT_DIRECTORY=$1/objects
export GIT_ALTERNATE_OBJECT_DIRECTORIES=$PWD/.git/objects:$2/objects
export GIT_OPTIONAL_LOCKS=0
mkdir -p "$1/objects"
if [ -e .git/index ]; then cp .git/index "$1/index"; touch -d @1 "$1/index"; else rm -f "$1/index"; fi
git rev-parse -q --verify HEAD
mark; git for-each-ref --format='%(refname) %(objectname) %(symref)'
mark; git status --porcelain=v2 --branch -z
mark; for name in MERGE_HEAD rebase-merge rebase-apply CHERRY_PICK_HEAD REVERT_HEAD BISECT_LOG; do if [ -e ".git/$name" ]; then echo "$name"; fi; done
mark; git log "\${@:3}" HEAD -- 2>/dev/null
mark; git diff --cached --no-ext-diff -M --src-prefix=a/ --dst-prefix=b/
base=$(git write-tree 2>/dev/null)
git ls-files --others --exclude-standard -z | git add -N --sparse --pathspec-from-file=- --pathspec-file-nul
# With conflicts there is no tree of the index, and the diff is told as against our side.
mark; git diff --no-ext-diff -M --src-prefix=a/ --dst-prefix=b/ \${base:---ours} --
mark; git diff --no-ext-diff -M --name-status -z \${base:---ours} --
`;

/** Throws if there is no tree, or git fails on it. */
export async function lookAt(repo: string, scratch: string, remote: string): Promise<Look> {
  const ended = await runBash(repo, SCRIPT, [scratch, remote, ...LOG_FORMAT]);
  const text = ended.stdout.toString();
  const [head = "", refs = "", status = "", unfinished = "", log = "", staged = "", diff = "", names = ""] =
    text.split(MARK);
  if (ended.code !== 0) throw new Error(`plain git in ${repo}: ${ended.stderr}`);
  return {
    head: head.trim() || undefined,
    refs: readRefs(refs),
    status: readStatus(status.split("\0").slice(0, -1)),
    unfinished: unfinished.split("\n").filter(Boolean),
    log: readCommits(log),
    diff,
    changed: readNames(names),
    staged,
    files: readFiles(repo),
  };
}

export function readRefs(text: string): Map<string, string> {
  const refs = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [name = "", id = "", symref = ""] = line.split(" ");
    if (id !== "" && symref === "") refs.set(name, id);
  }
  return refs;
}

/** Reads the output of `git diff --name-status -z`. */
function readNames(text: string): string[] {
  const records = text.split("\0");
  const names: string[] = [];
  const seen = new Set<string>();
  for (let at = 0; at + 1 < records.length; at += 2) {
    const letter = (records[at] ?? "")[0] ?? "";
    const from = letter === "R" || letter === "C" ? `${records[++at] ?? ""} -> ` : "";
    const path = records[at + 1] ?? "";
    // A file in conflict comes twice: as a conflict, then as its difference from our side.
    if (!seen.has(path)) names.push(`${LETTERS[letter] ?? letter} ${from}${path}`);
    seen.add(path);
  }
  return names;
}

function readFiles(repo: string): Map<string, File> {
  const files = new Map<string, File>();
  const enter = (folder: string) => {
    for (const entry of readdirSync(join(repo, folder), { withFileTypes: true })) {
      if (folder === "" && entry.name === ".git") continue;
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) enter(path);
      else files.set(path, readFile(join(repo, path)));
    }
  };
  enter("");
  return files;
}

function readFile(at: string): File {
  const { mode } = lstatSync(at);
  const isExecutable = (mode & 0o100) !== 0;
  try {
    return { kind: "symlink", isExecutable: false, bytes: Buffer.from(readlinkSync(at)) };
  } catch {
    return { kind: "file", isExecutable, bytes: readFileSync(at) };
  }
}
