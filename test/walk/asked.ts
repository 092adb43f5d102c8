import * as z from "zod/v4";
import type { Look } from "./look.ts";
import { runBash } from "./run-bash.ts";
import type { World, Workspace } from "./world.ts";

type Wrong = [rule: string, detail: string];
type Body = Readonly<Record<string, unknown>>;

/**
 * Asks plain git the same questions about a branch or a path. Arguments: a scratch folder, the remote, the ref, the
 * path, and the operation's own argument. Uses the index that the last look copied, with new files noted.
 */
const BEGIN = `
export GIT_INDEX_FILE=$1/index GIT_OBJECT_DIRECTORY=$1/objects GIT_OPTIONAL_LOCKS=0
export GIT_ALTERNATE_OBJECT_DIRECTORIES=$PWD/.git/objects:$2/objects
path=$4 own=$5
for ref in "refs/heads/$3" "refs/remotes/origin/$3" "$3"; do
  # The remote's HEAD is refs/remotes/origin/HEAD.
  case $ref in */HEAD) continue;; esac
  git rev-parse -q --verify "$ref^{commit}" >/dev/null && break
  ref=
done
if [ -n "$3" ] && [ -z "$ref" ]; then echo none; exit; fi
`;
const SCRIPTS: Readonly<Record<string, string>> = {
  log: `git log -20 --format=%H $ref -- \${path:+"$path"} | cat`,
  search: `if [ -z "$ref" ]; then set -- --untracked; else set -- "$ref"; fi
git grep -n -z -I -F -e "$own" "$@" -- \${path:+"$path"} | cat`,
  diff: `base=$(git merge-base "$ref" HEAD) || { echo apart; exit; }
# Noting a new file where another was takes that out of the index.
if [ "$own" = true ] && [ -e .git/index ]; then cp .git/index "$GIT_INDEX_FILE"; fi
if [ "$own" = true ]; then git diff --no-ext-diff -M --cached "$base" --; else git diff --no-ext-diff -M "$base" --; fi`,
  read: `git ls-tree -z "$ref" -- "$path"; printf '\\0'; git cat-file -p "$ref:$path" | base64 -w 0`,
};

/** Returns the differences; none if the caller's commit is ambiguous, or another rule compares the look. */
export async function wrongAsked(
  world: World,
  nth: number,
  { repo, look }: Workspace,
  operation: string,
  body: Body,
  answer: { readonly status: number; readonly json: unknown },
): Promise<Wrong[]> {
  const text = (name: string) => (typeof body[name] === "string" ? body[name] : "");
  const ref = operation === "diff" ? text("base") : text("ref");
  const script = SCRIPTS[operation];
  if (script === undefined || !look || isAmbiguous(look, ref) || (operation === "read" && ref === "")) return [];
  if (operation === "diff" && look.status.entries.some(({ list }) => list === "conflicts")) return [];
  const own = operation === "diff" ? String(body["staged"] === true) : text("pattern");
  const scratch = `${world.folder}/scratch-${nth}`;
  const { stdout } = await runBash(repo, BEGIN + script, [scratch, world.bare, ref, text("path"), own]);
  const expected = stdout.toString();
  const told = tell(operation, answer);
  if (told === undefined) return [];
  const said =
    operation === "read" ? sayRead(expected) : operation === "search" ? saySearch(expected, ref !== "") : expected;
  return told.trim() === said.trim()
    ? []
    : [[`${operation}-differs`, `told ${told.slice(0, 1500)}; plain git ${said.slice(0, 1500)}`]];
}

/** Whether a tag has the same name, or a local branch has the name of the remote's with the prefix. */
const isAmbiguous = ({ refs }: Look, ref: string) =>
  refs.has(`refs/tags/${ref}`) || refs.has(`refs/heads/origin/${ref}`) || ref.startsWith("origin/");

const problemSchema = z.looseObject({ code: z.string() });
const answers = {
  log: z.looseObject({ commits: z.array(z.looseObject({ sha: z.string() })) }),
  search: z.looseObject({
    matches: z.array(z.looseObject({ path: z.string(), line: z.number() })),
    truncated: z.boolean(),
  }),
  diff: z.looseObject({ diff: z.string() }),
  read: z.looseObject({
    kind: z.string(),
    content: z.string().optional(),
    encoding: z.string().optional(),
    target: z.string().optional(),
    entries: z.array(z.looseObject({ name: z.string() })).optional(),
  }),
};

function tell(
  operation: string,
  { status, json }: { readonly status: number; readonly json: unknown },
): string | undefined {
  if (status !== 200) {
    const { code } = problemSchema.parse(json);
    if (code === "ref_not_found") return "none";
    if (code === "path_not_found") return "";
    if (code === "invalid_input") return operation === "diff" ? "apart" : undefined;
    return code;
  }
  if (operation === "log") {
    return answers.log
      .parse(json)
      .commits.map(({ sha }) => sha)
      .join("\n");
  }
  if (operation === "search") {
    const { matches, truncated } = answers.search.parse(json);
    return truncated ? undefined : matches.map(({ path, line }) => `${path}:${line}`).join("\n");
  }
  if (operation === "diff") return answers.diff.parse(json).diff;
  const { kind, content = "", encoding, target = "", entries = [] } = answers.read.parse(json);
  if (kind === "folder") {
    return `folder ${entries
      .map(({ name }) => name)
      .toSorted()
      .join("\n")}`;
  }
  if (kind === "symlink") return `symlink ${Buffer.from(target).toString("base64")}`;
  return `file ${encoding === "base64" ? content : Buffer.from(content).toString("base64")}`;
}

/** Reads the output of grep -n -z: path, NUL, number, NUL, text; in a commit its name and a colon precede the path. */
function saySearch(said: string, isInCommit: boolean): string {
  if (said.trim() === "none") return "none";
  const found = Array.from(said.matchAll(/([^\0]*)\0(\d+)\0[^\n]*\n/g));
  const places = found.map(
    ([, path = "", line = ""]) => `${isInCommit ? path.slice(path.indexOf(":") + 1) : path}:${line}`,
  );
  return places.join("\n");
}

/** Returns the output of ls-tree and cat-file in the form of `tell`. */
function sayRead(said: string): string {
  const [entry = "", , base64 = ""] = said.split("\0");
  if (said.trim() === "none") return "none";
  if (entry === "") return "";
  const bytes = Buffer.from(base64, "base64").toString();
  if (!entry.startsWith("040000")) return `${entry.startsWith("120000") ? "symlink" : "file"} ${base64}`;
  const names = bytes
    .split("\n")
    .filter(Boolean)
    .map((line: string) => line.slice(line.indexOf("\t") + 1));
  return `folder ${names.toSorted().join("\n")}`;
}
