import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { diff } from "../../src/ops/diff.ts";
import { until } from "../support/until.ts";
import { FEW_RUNS } from "../support/runs.ts";
import { git, type Home } from "./support.ts";
import { commit, empty, fingerprint, homeWith, type Tree, tree, treeOf, write } from "./trees.ts";

const homes: Home[] = [];

function home(files?: Tree): Home {
  const made = homeWith(files);
  homes.push(made);
  return made;
}

afterEach(() => {
  for (const made of homes.splice(0)) made.remove();
});

const LINES = Array.from({ length: 20 }, (_, n) => `line ${n}\n`).join("");
const ODD = '-odd\n"name"\t日';

test("tells every kind of change with its counts, new files included", async () => {
  const at = home({
    "a.txt": LINES,
    "gone.txt": "1\n2\n",
    "old.txt": LINES + LINES,
    [ODD]: "x\n",
    link: "-> a.txt",
    "b.bin": "\0one",
    "s.sh": "s\n",
  });
  write(at, {
    "a.txt": LINES.replace("line 3", "three"),
    [ODD]: "x\ny\n",
    "new/deep file": "n\n",
    link: "-> b.bin",
    "b.bin": "\0two",
  });
  rmSync(join(at.tree, "gone.txt"));
  renameSync(join(at.tree, "old.txt"), join(at.tree, "moved.txt"));
  chmodSync(join(at.tree, "s.sh"), 0o755);
  write(at, { "s.link": "-> a.txt", empty: "" });
  const result = await at.run(diff);
  expect(result.files.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
    { path: ODD, change: "modified", added: 1, deleted: 0 },
    { path: "a.txt", change: "modified", added: 1, deleted: 1 },
    { path: "b.bin", change: "modified", binary: true },
    { path: "empty", change: "added", added: 0, deleted: 0 },
    { path: "gone.txt", change: "deleted", added: 0, deleted: 2 },
    { path: "link", change: "modified", added: 1, deleted: 1 },
    { path: "moved.txt", change: "renamed", from: "old.txt", added: 0, deleted: 0 },
    { path: "new/deep file", change: "added", added: 1, deleted: 0 },
    { path: "s.link", change: "added", added: 1, deleted: 0 },
    { path: "s.sh", change: "modified", added: 0, deleted: 0 },
  ]);
  expect(result.diff).toContain("-line 3\n+three\n");
  expect(result.diff).toContain("rename from old.txt\nrename to moved.txt\n");
  expect(result.truncated).toBe(false);
});

test("a clean tree has no diff, and a file that was only touched does not show", async () => {
  const at = home({ "a.txt": "a\n" });
  utimesSync(join(at.tree, "a.txt"), 1, 1);
  const before = fingerprint(at);
  for (let time = 0; time < 2; time++) expect(await at.run(diff)).toEqual({ files: [], diff: "", truncated: false });
  expect(fingerprint(at)).toBe(before);
});

test("tells staged changes alone, and leaves them out otherwise", async () => {
  const at = home({ "a.txt": "a\n", "b.txt": "b\n" });
  write(at, { "a.txt": "staged\n" });
  at.git("add", "a.txt");
  write(at, { "b.txt": "not staged\n", "c.txt": "new\n" });
  expect((await at.run(diff, { staged: true })).files.map(({ path }) => path)).toEqual(["a.txt"]);
  expect((await at.run(diff)).files.map(({ path }) => path)).toEqual(["b.txt", "c.txt"]);
});

test("compares with where the branch parted from its base, uncommitted and new files included", async () => {
  const at = home({ "a.txt": "a\n" });
  at.git("switch", "-qc", "work");
  commit(at, { "mine.txt": "m\n" }, "mine");
  at.git("switch", "-q", "main");
  commit(at, { "theirs.txt": "t\n" }, "theirs");
  at.git("switch", "-q", "work");
  write(at, { "a.txt": "b\n", "new.txt": "n\n" });
  const changed = [
    { path: "a.txt", change: "modified", added: 1, deleted: 1 },
    { path: "mine.txt", change: "added", added: 1, deleted: 0 },
    { path: "new.txt", change: "added", added: 1, deleted: 0 },
  ];
  expect((await at.run(diff, { base: "main" })).files).toEqual(changed);
  expect((await at.run(diff, { base: "main", staged: true })).files).toEqual(changed.slice(1, 2));
  at.git("update-ref", "refs/remotes/origin/upstream", "main");
  expect((await at.run(diff, { base: "upstream" })).files).toEqual(changed);
});

test("a base that is no commit, or has none in common with HEAD, is told", async () => {
  const at = home({ "a.txt": "a\n" });
  expect(await at.failure(diff, { base: "nowhere" })).toMatchObject({ code: "ref_not_found" });
  expect(await at.failure(diff, { base: "main^{tree}" })).toMatchObject({ code: "ref_not_found" });
  at.git("checkout", "-q", "--orphan", "other");
  at.git("commit", "-qm", "other");
  expect(await at.failure(diff, { base: "main" })).toMatchObject({ code: "invalid_input", field: "base" });
});

test("a file in the place of a folder, and a folder in that of a file", async () => {
  const at = home({ "d/x": "x\n", "d/y": "y\n", f: "f\n", staged: "s\n" });
  write(at, { staged: "staged\n" });
  at.git("add", "staged");
  rmSync(join(at.tree, "d"), { recursive: true });
  rmSync(join(at.tree, "f"));
  write(at, { d: "file now\n", "f/in": "folder now\n" });
  const before = fingerprint(at);
  expect((await at.run(diff)).files.map(({ path, change }) => `${change} ${path}`).toSorted()).toEqual([
    "added d",
    "added f/in",
    "deleted d/x",
    "deleted d/y",
    "deleted f",
  ]);
  expect(fingerprint(at)).toBe(before);
});

test("a folder in the place of a file, and no other change", async () => {
  const at = home({ f: "file\n" });
  rmSync(join(at.tree, "f"));
  write(at, { "f/in": "folder now\n" });
  const { files } = await at.run(diff);
  expect(files).toEqual([
    { path: "f", change: "deleted", added: 0, deleted: 1 },
    { path: "f/in", change: "added", added: 1, deleted: 0 },
  ]);
});

test("is limited to a file or folder, also one that is gone, and knows what never was", async () => {
  const at = home({ "a.txt": "a\n", "d/b.txt": "b\n", "d/c.txt": "c\n" });
  write(at, { "a.txt": "changed\n", "d/new.txt": "n\n" });
  rmSync(join(at.tree, "d/b.txt"));
  const paths = async (input: object) => (await at.run(diff, input)).files.map(({ path }) => path);
  expect(await paths({ file: "d" })).toEqual(["d/b.txt", "d/new.txt"]);
  expect(await paths({ file: "d/b.txt" })).toEqual(["d/b.txt"]);
  expect(await paths({ file: "d/new.txt" })).toEqual(["d/new.txt"]);
  expect(await paths({ file: "d/c.txt" })).toEqual([]);
  at.git("rm", "-rq", "--cached", "d");
  expect(await paths({ file: "d/b.txt", staged: true })).toEqual(["d/b.txt"]);
  expect(await at.failure(diff, { file: "*.txt" })).toMatchObject({ code: "path_not_found" });
});

test("shows conflicted files against our side, beside new ones, and keeps the conflict", async () => {
  const at = home({ "a.txt": LINES, "b.txt": "b\n" });
  at.git("switch", "-qc", "other");
  commit(at, { "a.txt": LINES.replace("line 3", "theirs"), "b.txt": "changed\n" }, "theirs");
  at.git("switch", "-q", "main");
  rmSync(join(at.tree, "b.txt"));
  commit(at, { "a.txt": LINES.replace("line 3", "ours") }, "ours");
  expect(() => at.git("merge", "-q", "other")).toThrow();
  const check = async (files: object[]) => {
    const result = await at.run(diff);
    expect(result.files).toEqual(files);
    expect(result.diff).toContain("+<<<<<<< HEAD\n ours\n+=======\n+theirs\n+>>>>>>> other\n");
  };
  const unmerged = [
    { path: "a.txt", change: "unmerged", added: 4, deleted: 0 },
    { path: "b.txt", change: "unmerged", added: 0, deleted: 0 },
  ];
  const before = fingerprint(at);
  await check(expect.arrayContaining(unmerged));
  expect(fingerprint(at)).toBe(before);
  write(at, { "new.txt": "n\n" });
  await check(expect.arrayContaining([...unmerged, { path: "new.txt", change: "added", added: 1, deleted: 0 }]));
  expect(at.git("diff", "--name-only", "--diff-filter=U")).toBe("a.txt\nb.txt");
});

test("works before the first commit and with HEAD on no branch", async () => {
  const at = home();
  expect(await at.run(diff)).toEqual({ files: [], diff: "", truncated: false });
  write(at, { "a.txt": "a\n" });
  const added = [{ path: "a.txt", change: "added", added: 1, deleted: 0 }];
  expect((await at.run(diff)).files).toEqual(added);
  at.git("add", "a.txt");
  expect((await at.run(diff, { staged: true })).files).toEqual(added);
  expect((await at.run(diff)).files).toEqual([]);
  expect(await at.failure(diff, { base: "HEAD" })).toMatchObject({ code: "ref_not_found" });
  at.git("commit", "-qm", "one");
  at.git("checkout", "-q", "--detach");
  write(at, { "a.txt": "b\n" });
  expect((await at.run(diff)).files).toMatchObject([{ path: "a.txt", change: "modified" }]);
});

test("new repositories inside, ignored files and submodules are not in the way", async () => {
  const at = home({ "a.txt": "a\n", ".gitignore": "out\n" });
  at.git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},sub`);
  at.git("commit", "-qm", "submodule");
  write(at, { "out/x": "x", "inner/f": "f\n", "n.txt": "n\n", "sub/.keep": "" });
  rmSync(join(at.tree, "sub/.keep"));
  git(join(at.tree, "inner"), "init", "-q");
  expect((await at.run(diff)).files.map(({ path }) => path)).toEqual(["n.txt"]);
});

test("a diff longer than the page goes on at the cursor, and pages joined are the whole", async () => {
  const at = home({ "a.txt": "a\n" });
  const long = "é".repeat(200);
  write(at, { "a.txt": LINES, "long.txt": `${long}\nend\n`, "z.txt": LINES });
  const whole = await at.run(diff);
  let page = await at.run(diff, { max_bytes: 64 });
  expect(page.files).toEqual(whole.files);
  let joined = page.diff;
  let pages = 1;
  while (page.truncated) {
    page = await at.run(diff, { max_bytes: 64, cursor: page.cursor });
    expect(page.files).toEqual([]);
    expect(Buffer.byteLength(page.diff)).toBeLessThanOrEqual(64);
    joined += page.diff;
    pages++;
  }
  expect(joined).toBe(whole.diff);
  expect(page.cursor).toBeUndefined();
  expect(pages).toBeGreaterThan(8);
});

test("a list of files too long for the first page is cut and says so; the diff follows it", async () => {
  const at = home();
  const name = (n: number) => `${String(n).padStart(4, "0")}${"x".repeat(240)}`;
  write(at, Object.fromEntries(Array.from({ length: 1200 }, (_, n) => [name(n), "1\n"])));
  const first = await at.run(diff);
  expect(first).toMatchObject({ files_truncated: true, diff: "", truncated: true, cursor: "0" });
  expect(first.files).toHaveLength(1000);
  const second = await at.run(diff, { cursor: first.cursor });
  expect(second.diff.startsWith(`diff --git a/${name(0)} b/${name(0)}\n`)).toBe(true);
});

describe("what a diff leaves behind", () => {
  test("is nothing but a second name of the index beside the repository", async () => {
    const at = home({ "a.txt": "a\n" });
    const before = fingerprint(at);
    await at.run(diff);
    expect(fingerprint(at)).toBe(before);
    write(at, { "new.txt": "n\n" });
    const withNew = fingerprint(at);
    await at.run(diff);
    expect(fingerprint(at)).toBe(withNew);
    // The empty blob, and the index; the call's own index is removed in the background.
    await until("nothing else is left", () => readdirSync(join(at.path, ".warmtree/looks")).join() === "e6,index");
    expect(readdirSync(join(at.path, ".warmtree"))).toEqual(["looks"]);
  });

  test("is swept when a diff was killed long ago", async () => {
    const at = home({ "a.txt": "a\n" });
    const looks = join(at.path, ".warmtree/looks");
    mkdirSync(looks);
    for (const name of ["long-ago", "just-now"]) writeFileSync(join(looks, name), "");
    utimesSync(join(looks, "long-ago"), 1, 1);
    write(at, { "new.txt": "n\n" });
    await at.run(diff);
    await until("only the new one is left", () => readdirSync(looks).join() === "e6,just-now");
  });
});

test("follows an index that was replaced", async () => {
  const at = home({ "a.txt": "a\n" });
  await at.run(diff);
  commit(at, { "b.txt": "b\n" }, "two");
  appendFileSync(join(at.tree, "b.txt"), "more\n");
  expect((await at.run(diff)).files).toEqual([{ path: "b.txt", change: "modified", added: 1, deleted: 0 }]);
});

test("git that fails in the middle is a failure, not a short diff", async () => {
  const at = home({ "a.txt": "a\n" });
  const blob = at.git("rev-parse", "HEAD:a.txt");
  write(at, { "a.txt": "b\n" });
  rmSync(join(at.tree, ".git/objects", blob.slice(0, 2), blob.slice(2)));
  expect(await at.failure(diff)).toMatchObject({ code: "git_failed" });
});

test("no clone: says so", async () => {
  const at = home();
  rmSync(at.tree, { recursive: true });
  expect(await at.failure(diff)).toMatchObject({ code: "not_cloned" });
});

test("the diff of any two trees, applied to the first, makes the second", async () => {
  const at = home();
  await fc.assert(
    fc.asyncProperty(tree, tree, async (before, after) => {
      empty(at);
      commit(at, before, "before");
      empty(at);
      write(at, after);
      const result = await at.run(diff);
      const expected = Object.keys({ ...before, ...after }).filter((path) => before[path] !== after[path]);
      const told = result.files.flatMap(({ path, from }) => (from === undefined ? [path] : [path, from]));
      expect(told.toSorted()).toEqual(expected.toSorted());
      const made = treeOf(at);
      empty(at);
      at.git("reset", "-q", "--hard");
      writeFileSync(join(at.path, "patch"), result.diff);
      if (result.diff !== "") at.git("apply", "--whitespace=nowarn", join(at.path, "patch"));
      expect(treeOf(at)).toEqual(made);
    }),
    { numRuns: FEW_RUNS },
  );
});
