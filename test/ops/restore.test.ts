import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { restore } from "../../src/ops/restore.ts";
import { status } from "../../src/ops/status.ts";
import { FEW_RUNS } from "../support/runs.ts";
import { copiesOf, git, type Home } from "./support.ts";
import { commit, empty, homeWith, tree, treeOf, write } from "./trees.ts";

let home: Home;
const FILES = {
  "a.txt": "a\n",
  "d/b.txt": "b\n",
  "d/c.txt": "c\n",
  "-x\n": "x\n",
  link: "-> a.txt",
  ".gitignore": "ignored\n",
};

const copy = copiesOf(() => homeWith(FILES));

beforeEach(() => {
  home = copy();
});

afterEach(() => home.remove());

/** Makes one change of every kind. */
function mess(): void {
  write(home, { "a.txt": "changed\n", "-x\n": "staged\n", "added.txt": "added\n", link: "-> d" });
  home.git("add", "-A");
  write(home, {
    "-x\n": "and more\n",
    "new.txt": "new\n",
    "n/new.txt": "new\n",
    ignored: "kept\n",
    "d/new.txt": "new\n",
  });
  rmSync(join(home.tree, "d/b.txt"));
  home.git("rm", "-q", "--cached", "d/c.txt");
}

test("brings everything back to HEAD and leaves ignored files alone", async () => {
  mess();
  const result = await home.run(restore, { all: true });
  expect(result.restored.toSorted()).toEqual(["-x\n", "a.txt", "d/b.txt", "d/c.txt", "link"]);
  expect(result.removed.toSorted()).toEqual(["added.txt", "d/new.txt", "n/", "new.txt"]);
  expect(result.truncated).toBe(false);
  expect(treeOf(home)).toEqual({ ...FILES, ignored: "kept\n" });
  expect(await home.run(status)).toMatchObject({ clean: true });
});

test("brings back only the paths that are named", async () => {
  mess();
  const before = treeOf(home);
  expect(await home.run(restore, { paths: ["d", "-x\n", "added.txt"] })).toEqual({
    restored: expect.arrayContaining(["-x\n", "d/b.txt", "d/c.txt"]),
    removed: expect.arrayContaining(["added.txt", "d/new.txt"]),
    truncated: false,
  });
  const { "added.txt": _, "d/new.txt": __, ...kept } = before;
  expect(treeOf(home)).toEqual({ ...kept, "-x\n": "x\n", "d/b.txt": "b\n", "d/c.txt": "c\n" });
  expect(home.git("diff", "--cached", "--name-only", "HEAD").split("\n").toSorted()).toEqual(["a.txt", "link"]);
});

test("only unstages when asked, and the files stay", async () => {
  mess();
  const before = treeOf(home);
  expect(await home.run(restore, { paths: ["a.txt", "added.txt"], staged: true })).toEqual({
    restored: ["a.txt", "added.txt"],
    removed: [],
    truncated: false,
  });
  expect(home.git("diff", "--cached", "--name-only").split("\n")).not.toContain("a.txt");
  const all = await home.run(restore, { all: true, staged: true });
  expect(all.restored.toSorted()).toEqual(["-x\n", "d/c.txt", "link"]);
  expect(home.git("diff", "--cached", "--name-only")).toBe("");
  expect(treeOf(home)).toEqual(before);
});

test("an unknown path stops it before anything is done", async () => {
  mess();
  const before = treeOf(home);
  const index = readFileSync(join(home.tree, ".git/index"));
  expect(await home.failure(restore, { paths: ["a.txt", "*.txt"] })).toMatchObject({
    code: "path_not_found",
    work: { tree: "unchanged" },
  });
  expect(treeOf(home)).toEqual(before);
  expect(readFileSync(join(home.tree, ".git/index"))).toEqual(index);
});

test("paths under a symlink are not reached through it", async () => {
  const outside = join(home.path, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "b.txt"), "outside\n");
  rmSync(join(home.tree, "d"), { recursive: true });
  symlinkSync(outside, join(home.tree, "d"));
  expect(await home.run(restore, { paths: ["d/b.txt"] })).toMatchObject({ restored: ["d/b.txt"] });
  expect(treeOf(home)["d/b.txt"]).toBe("b\n");
  await home.run(restore, { all: true });
  expect(treeOf(home)).toEqual(FILES);
  expect(readFileSync(join(outside, "b.txt"), "utf8")).toBe("outside\n");
});

test("needs exactly one of paths, all and to", async () => {
  for (const input of [{}, { paths: ["a.txt"], all: true }, { all: true, to: "main", keep: true }]) {
    await expect(home.run(restore, input)).rejects.toThrow("needs exactly one of paths, all and to");
  }
});

test("nested repositories go too; a long list is cut and says so", async () => {
  mkdirSync(join(home.tree, "inner"));
  git(join(home.tree, "inner"), "init", "-q");
  write(home, Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [`n${n}`, ""])));
  const result = await home.run(restore, { all: true });
  expect(result.removed).toHaveLength(1000);
  expect(result.truncated).toBe(true);
  expect(treeOf(home)).toEqual(FILES);
});

test("works before the first commit", async () => {
  const bare = homeWith();
  try {
    write(bare, { "a.txt": "a\n", "b.txt": "b\n", "n.txt": "n\n" });
    bare.git("add", "a.txt", "b.txt");
    expect(await bare.run(restore, { paths: ["b.txt"], staged: true })).toMatchObject({ restored: ["b.txt"] });
    expect(await bare.run(restore, { paths: ["a.txt"] })).toMatchObject({ removed: ["a.txt"] });
    bare.git("add", "b.txt");
    expect(await bare.run(restore, { all: true })).toMatchObject({ removed: ["b.txt", "n.txt"] });
    expect(treeOf(bare)).toEqual({});
  } finally {
    bare.remove();
  }
});

describe("gives up what is unfinished", () => {
  let ours: string;

  beforeEach(() => {
    home.git("switch", "-qc", "other");
    commit(home, { "a.txt": "theirs\n" }, "theirs");
    commit(home, { "a.txt": "theirs again\n" }, "theirs again");
    home.git("switch", "-q", "main");
    ours = commit(home, { "a.txt": "ours\n" }, "ours");
  });

  test.each([
    { state: "merge", command: ["merge", "-q", "other"] },
    { state: "rebase", command: ["rebase", "-q", "other"] },
    { state: "rebase", command: ["rebase", "-q", "--apply", "other"] },
    { state: "cherry_pick", command: ["cherry-pick", "other~1"] },
    { state: "cherry_pick", command: ["cherry-pick", "other~1", "other"] },
    { state: "revert", command: ["revert", "--no-edit", "other"] },
  ])("$command", async ({ state, command }) => {
    expect(() => home.git(...command)).toThrow();
    write(home, { "d/b.txt": "dirty\n", "new.txt": "n\n" });
    expect(await home.run(status)).toMatchObject({ unfinished: state });
    expect(await home.run(restore, { all: true })).toMatchObject({ ended: state });
    expect(await home.run(status)).toMatchObject({ clean: true, branch: "main", head: ours });
    expect(await home.run(status)).not.toHaveProperty("unfinished");
    expect(existsSync(join(home.tree, ".git/sequencer"))).toBe(false);
    expect(treeOf(home)).toEqual({ ...FILES, "a.txt": "ours\n" });
  });

  test("a bisection, and am", async () => {
    home.git("bisect", "start", "other", "main~1");
    expect(await home.run(restore, { all: true })).toMatchObject({ ended: "bisect" });
    expect(await home.run(status)).toMatchObject({ branch: "main", clean: true });
    writeFileSync(join(home.path, "mail"), git(home.tree, "format-patch", "--stdout", "-1", "other"));
    expect(() => home.git("am", "-q", join(home.path, "mail"))).toThrow();
    await home.run(restore, { all: true });
    expect(existsSync(join(home.tree, ".git/rebase-apply"))).toBe(false);
    expect(home.git("rev-parse", "HEAD")).toBe(ours);
  });

  test("but restoring one path of a merge leaves the merge open", async () => {
    expect(() => home.git("merge", "-q", "other")).toThrow();
    expect(await home.run(restore, { paths: ["a.txt"] })).toEqual({
      restored: ["a.txt"],
      removed: [],
      truncated: false,
    });
    expect(treeOf(home)["a.txt"]).toBe("ours\n");
    await home.run(restore, { all: true, staged: true });
    expect(await home.run(status)).toMatchObject({ unfinished: "merge", conflicts: [] });
  });
});

test("a file comes back in the place of a folder whose files were staged", async () => {
  commit(home, { f: "file\n" }, "a file");
  rmSync(join(home.tree, "f"));
  write(home, { "f/in": "staged\n" });
  home.git("add", "-A");
  const { restored, removed } = await home.run(restore, { paths: ["f"] });
  expect({ restored, removed }).toEqual({ restored: ["f"], removed: ["f/in"] });
  expect(treeOf(home)["f"]).toBe("file\n");
  expect(await home.run(status)).toMatchObject({ clean: true });
});

test("any mess is brought back whole, and by naming everything that changed", async () => {
  await fc.assert(
    fc.asyncProperty(tree, tree, tree, fc.boolean(), async (committed, staged, changed, byPath) => {
      empty(home);
      commit(home, committed, "committed");
      empty(home);
      write(home, staged);
      home.git("add", "-A");
      empty(home);
      write(home, changed);
      const names = Object.keys({ ...committed, ...staged, ...changed });
      const tops = [...new Set(names.map((path) => path.split("/")[0] ?? ""))];
      const input = byPath && tops.length > 0 ? { paths: tops } : { all: true };
      await home.run(restore, input);
      expect(treeOf(home)).toEqual(committed);
      expect(await home.run(status)).toMatchObject({ clean: true });
    }),
    { numRuns: FEW_RUNS },
  );
});

test("in a sparse tree, files beyond it that the caller has brought come back or stay, and are not taken away unsaid", async () => {
  home.git("sparse-checkout", "set", "--cone", "other");
  expect(existsSync(join(home.tree, "d"))).toBe(false);
  const beyond = { "d/b.txt": "b\n", "d/c.txt": "changed\n", "d/new.txt": "new\n" };
  write(home, beyond);
  expect(await home.run(restore, { all: true })).toEqual({
    restored: ["d/c.txt"],
    removed: ["d/new.txt"],
    truncated: false,
  });
  expect(treeOf(home)).toEqual(FILES);
  rmSync(join(home.tree, "d/b.txt"));
  expect(await home.run(restore, { all: true })).toMatchObject({ restored: ["d/b.txt"] });
  expect(await home.run(status)).toMatchObject({ clean: true });
});
