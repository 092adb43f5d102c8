import * as z from "zod/v4";
import type { File, Look } from "./look.ts";

type Wrong = [rule: string, detail: string];
/** Calls an operation on the workspace. */
type Ask = (operation: string, body: object) => Promise<{ readonly status: number; readonly json: unknown }>;

const change = z.object({ path: z.string(), change: z.string(), from: z.string().optional() });
const statusSchema = z.looseObject({
  branch: z.string().nullable(),
  head: z.string().nullable(),
  upstream: z.string().optional(),
  ahead: z.number().optional(),
  behind: z.number().optional(),
  unfinished: z.string().optional(),
  clean: z.boolean(),
  conflicts: z.array(change),
  staged: z.array(change),
  modified: z.array(change),
  untracked: z.array(z.string()),
});
const diffSchema = z.looseObject({ files: z.array(change), diff: z.string(), truncated: z.boolean() });
const logSchema = z.looseObject({
  commits: z.array(z.looseObject({ sha: z.string(), parents: z.array(z.string()), subject: z.string() })),
});
const branchSchema = z.looseObject({
  current: z.string().nullable(),
  branches: z.array(z.looseObject({ name: z.string(), sha: z.string(), remote: z.boolean() })),
});
const readSchema = z.looseObject({
  kind: z.string(),
  encoding: z.string().optional(),
  content: z.string().optional(),
  target: z.string().optional(),
});

/**
 * Asks the questions of an agent about its workspace, and compares each answer with plain git's. `which` chooses the
 * file to read, in some cases at HEAD too; "all" reads every file, both ways.
 */
export async function wrongAnswers(ask: Ask, look: Look, which: number | "all"): Promise<Wrong[]> {
  const wrong: Wrong[] = [];
  const limit = 200;
  const reads = readsOf(look, which);
  const [status, diff, log, branch, ...read] = await Promise.all([
    ask("status", {}),
    ask("diff", { max_bytes: 1024 * 1024 }),
    ask("log", { limit }),
    ask("branch", {}),
    ...reads.map(({ path, ref }) => ask("read", { path, ...(ref === undefined ? {} : { ref }) })),
  ]);
  hold(wrong, "status", statusSchema, status, (told) => tellStatus(told), statusOf(look));
  hold(wrong, "diff", diffSchema, diff, tellDiff, [look.diff, look.changed]);
  hold(wrong, "log", logSchema, log, ({ commits }) => commits.map(tellCommit), logOf(look, limit));
  hold(wrong, "branch", branchSchema, branch, (told) => [told.current, branchesOf(told.branches)], refsOf(look));
  for (const [at, { path, file, ref }] of reads.entries()) {
    const answer = read[at];
    const expected = [file.kind, file.bytes.toString("base64")];
    if (answer) {
      hold(wrong, "read", readSchema, answer, tellFile, expected, `${path}${ref === undefined ? "" : " at HEAD"}`);
    }
  }
  return wrong;
}

function readsOf(look: Look, which: number | "all"): { path: string; file: File; ref?: string }[] {
  const told = look.status.entries.flatMap(({ path, from }) => (from === undefined ? [path] : [path, from]));
  // For a folder that is new as a whole, or has replaced a file, status lists no more than its name.
  const isChanged = (path: string) =>
    told.some((name) => name === path || path.startsWith(name.endsWith("/") ? name : `${name}/`));
  const all = Array.from(look.files, ([path, file]) => ({ path, file }));
  const chosen = which === "all" ? all : all.slice(which % Math.max(all.length, 1)).slice(0, 1);
  const isHeadToo = look.head !== undefined && (which === "all" || which % 4 === 0);
  const atHead = isHeadToo ? chosen.filter(({ path }) => !isChanged(path)).map((one) => ({ ...one, ref: "HEAD" })) : [];
  return [...chosen, ...atHead];
}

const tellDiff = ({ diff, files }: z.output<typeof diffSchema>) => [
  diff,
  files.map(({ path, change: what, from }) => `${what} ${from === undefined ? "" : `${from} -> `}${path}`),
];

const tellCommit = ({ sha, parents, subject }: { sha: string; parents: string[]; subject: string }) => [
  sha,
  parents,
  subject,
];

function hold<T extends z.ZodType>(
  wrong: Wrong[],
  operation: string,
  schema: T,
  { status, json }: { readonly status: number; readonly json: unknown },
  tell: (told: z.output<T>) => unknown,
  expected: unknown,
  about = "",
): void {
  if (status !== 200) {
    wrong.push([`${operation}-refused`, `${about} ${JSON.stringify(json)}`]);
    return;
  }
  const told = JSON.stringify(tell(schema.parse(json)));
  const said = JSON.stringify(expected);
  if (told !== said) {
    wrong.push([`${operation}-differs`, `${about} told ${told.slice(0, 1500)}, plain git ${said.slice(0, 1500)}`]);
  }
}

function tellStatus(told: z.output<typeof statusSchema>): unknown {
  const lists = [told.conflicts, told.staged, told.modified];
  const entries = lists.flatMap((list, n) =>
    list.map(({ path, change: what, from }) => `${n} ${what} ${path} ${from ?? ""}`),
  );
  const { branch, head, upstream, ahead, behind, clean, unfinished } = told;
  const all = [...entries, ...told.untracked.map((path) => `3 untracked ${path} `)].toSorted();
  return [branch, head, upstream, ahead, behind, clean, unfinished, all];
}

const LISTS = ["conflicts", "staged", "modified", "untracked"];
const STATES: Readonly<Record<string, string>> = { MERGE_HEAD: "merge", BISECT_LOG: "bisect" };

function statusOf({ status, unfinished }: Look): unknown {
  const { branch, head, upstream, ahead, behind, entries } = status;
  const all = entries.map(
    ({ list, change: what, path, from }) => `${LISTS.indexOf(list)} ${what} ${path} ${from ?? ""}`,
  );
  const state = unfinished[0] === undefined ? undefined : STATES[unfinished[0]];
  return [branch, head, upstream, ahead, behind, entries.length === 0, state, all.toSorted()];
}

const logOf = ({ log }: Look, limit: number) =>
  log.slice(0, limit).map(({ id, parents, subject }) => [id, parents, subject]);

const branchesOf = (branches: readonly { name: string; sha: string; remote: boolean }[]) =>
  branches.map(({ name, sha, remote }) => `${remote ? "refs/remotes" : "refs/heads"}/${name} ${sha}`).toSorted();

function refsOf({ status, refs }: Look): unknown {
  const named = Array.from(refs, (pair) => pair.join(" ")).filter((line) => /^refs\/(heads|remotes)\//.test(line));
  return [status.branch, named.toSorted()];
}

function tellFile({ kind, encoding, content = "", target = "" }: z.output<typeof readSchema>): [string, string] {
  if (kind === "symlink") return ["symlink", Buffer.from(target).toString("base64")];
  return [kind, encoding === "base64" ? content : Buffer.from(content).toString("base64")];
}
