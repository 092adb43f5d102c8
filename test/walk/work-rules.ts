import * as z from "zod/v4";
import { firstFew } from "./commit-rules.ts";
import { changedPaths, type Deed, isSame, ownRefs, trackedBy } from "./deed.ts";
import type { File } from "./look.ts";

type Wrong = [rule: string, detail: string];

/** Checks the promises of all operations but push and pull about the workspace. Pure. */
export function wrongWork(deed: Deed): Wrong[] {
  if (deed.operation === "clone") return deed.before.look && deed.status === 200 ? wrongAgain(deed) : wrongClone(deed);
  if (deed.status !== 200) {
    const isFalse = deed.answer.code === "dirty_tree" && deed.before.look?.status.entries.length === 0;
    const wrong = wrongUnchanged(deed, "refused-but-done");
    return isFalse ? [...wrong, ["false-dirty", "nothing is uncommitted"]] : wrong;
  }
  if (deed.operation === "edit") return wrongEdit(deed);
  if (deed.operation === "branch" && deed.body["name"] !== undefined) return wrongBranch(deed);
  if (deed.operation === "restore") return wrongRestore(deed);
  return wrongUnchanged(deed, "look-changes");
}

function wrongUnchanged({ before, after }: Deed, rule: string): Wrong[] {
  if (!before.look) return [];
  const wrong: Wrong[] = [];
  const changed = changedPaths(before.look.files, after.look.files);
  if (changed.length > 0) wrong.push([rule, `files changed: ${firstFew(changed)}`]);
  if (before.look.head !== after.look.head || ownRefs(before.look) !== ownRefs(after.look)) {
    wrong.push([rule, "a branch moved"]);
  }
  if (before.look.status.branch !== after.look.status.branch) wrong.push([rule, "it is on another branch"]);
  if (before.look.staged !== after.look.staged) wrong.push([rule, "what is staged changed"]);
  return wrong;
}

function wrongAgain(deed: Deed): Wrong[] {
  const { answer, after } = deed;
  const wrong = wrongUnchanged(deed, "clone-again-changes");
  if (answer.created === true) wrong.push(["clone-answer", "created, and it was there"]);
  if ((answer.head ?? undefined) !== after.look.head) wrong.push(["clone-answer", `head is told ${answer.head}`]);
  return wrong;
}

function wrongClone({ status, answer, body, after }: Deed): Wrong[] {
  if (status !== 200) return [];
  const wrong: Wrong[] = [];
  const { head, status: found } = after.look;
  const agent = `agent/${String(body["agent_id"])}/${String(body["task_id"])}`;
  const start =
    after.remote.branches.get(agent) ??
    after.remote.branches.get(typeof body["branch"] === "string" ? body["branch"] : "main");
  // In a repository whose only branch has another name, clone starts from that one, unless it is an agent's.
  const [only, ...others] = start === undefined ? after.remote.branches.values() : [];
  const isOnly = head !== undefined && head === only && others.length === 0;
  if (head !== start && !isOnly) wrong.push(["clone-start", `HEAD is ${head}, the remote has ${start}`]);
  if ((answer.head ?? undefined) !== head) wrong.push(["clone-answer", `head is told ${answer.head}`]);
  if (found.entries.length > 0) wrong.push(["clone-not-clean", firstFew(found.entries.map(({ path }) => path))]);
  return wrong;
}

const entrySchema = z.object({
  path: z.string(),
  content: z.string().optional(),
  base64: z.string().optional(),
  delete: z.boolean().optional(),
  move_to: z.string().optional(),
  executable: z.boolean().optional(),
});

/** Returns the content with the CRLF of the file that it replaces (docs/edits.md). */
function withLineEndsOf(file: File | undefined, content: string): string {
  const text = file?.kind === "file" ? file.bytes.toString("latin1") : "";
  const isCrlf = text.includes("\r\n") && !/(?<!\r)\n/.test(text) && !content.includes("\r\n");
  return isCrlf ? content.replaceAll("\n", "\r\n") : content;
}

/** Checks that the named files are as requested, and that no other file has changed. */
function wrongEdit({ body, before, after }: Deed): Wrong[] {
  const entries = z.array(entrySchema).parse(body["files"]);
  const was = before.look?.files ?? new Map<string, File>();
  const expected = new Map(was);
  for (const { path, delete: isDeleted, move_to } of entries) {
    if (isDeleted === true || move_to !== undefined) expected.delete(path);
  }
  for (const { path, content, base64, move_to, executable } of entries) {
    const old = was.get(path);
    const isExecutable = executable ?? old?.isExecutable ?? false;
    if (content !== undefined) {
      expected.set(path, { kind: "file", isExecutable, bytes: Buffer.from(withLineEndsOf(old, content)) });
    } else if (base64 !== undefined) {
      expected.set(path, { kind: "file", isExecutable, bytes: Buffer.from(base64, "base64") });
    } else if (move_to !== undefined && old) expected.set(move_to, { ...old, isExecutable });
  }
  const changed = changedPaths(expected, after.look.files);
  return changed.length > 0 ? [["edit-not-as-asked", firstFew(changed)]] : [];
}

function wrongBranch({ body, before, after }: Deed): Wrong[] {
  const asked = String(body["name"]);
  const name = after.look.status.branch ?? "";
  const wrong: Wrong[] = [];
  const known = new Map([...trackedBy(after.look), ...ownOf(before.look?.refs)]);
  if (name !== asked && `origin/${name}` !== asked) {
    wrong.push(["branch-answer", `asked for ${asked}, it is on ${name}`]);
  }
  const from = typeof body["from"] === "string" ? body["from"] : undefined;
  const expected =
    body["create"] === true ? (from === undefined ? before.look?.head : known.get(from)) : known.get(name);
  const isTag = from !== undefined && after.look.refs.has(`refs/tags/${from}`);
  if (expected !== undefined && !isTag && after.look.head !== expected) {
    wrong.push(["branch-start", `HEAD is ${after.look.head}, not ${expected}`]);
  }
  const dirty = before.look?.status.entries.map(({ path }) => path) ?? [];
  const lost = dirty.filter((path) => {
    const [one, other] = [before.look?.files.get(path), after.look.files.get(path)];
    return one && other ? !isSame(one, other) : one !== other;
  });
  if (lost.length > 0) wrong.push(["uncommitted-lost", firstFew(lost)]);
  return wrong;
}

const ownOf = (refs: ReadonlyMap<string, string> = new Map()): [string, string][] =>
  Array.from(refs).flatMap(([name, id]): [string, string][] =>
    name.startsWith("refs/heads/") ? [[name.slice("refs/heads/".length), id]] : [],
  );

function wrongRestore({ body, before, after }: Deed): Wrong[] {
  const wrong: Wrong[] = [];
  if (before.look?.head !== after.look.head) wrong.push(["restore-moves", "HEAD moved"]);
  const paths = z.array(z.string()).optional().parse(body["paths"]);
  const isAsked = (path: string) => paths?.some((one) => path === one || path.startsWith(`${one}/`)) ?? true;
  if (body["staged"] === true) {
    const changed = changedPaths(before.look?.files ?? new Map(), after.look.files);
    return changed.length > 0 ? [...wrong, ["restore-too-much", firstFew(changed)]] : wrong;
  }
  const left = after.look.status.entries
    .filter(({ path }) => isAsked(path))
    .map(({ change, path }) => `${change} ${path}`);
  if (left.length > 0) wrong.push(["restore-too-little", firstFew(left)]);
  const others = changedPaths(before.look?.files ?? new Map(), after.look.files).filter((path) => !isAsked(path));
  const isUnder = (path: string) => paths?.some((one) => one.startsWith(`${path}/`)) ?? false;
  const beyond = others.filter((path) => !isUnder(path));
  if (beyond.length > 0) wrong.push(["restore-too-much", firstFew(beyond)]);
  return wrong;
}
