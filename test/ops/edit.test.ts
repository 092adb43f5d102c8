import { execFileSync } from "node:child_process";
import {
  chmodSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod/v4";
import { WarmtreeError } from "../../src/errors.ts";
import { contextFor } from "../../src/ops/context.ts";
import { diff } from "../../src/ops/diff.ts";
import { edit } from "../../src/ops/edit.ts";
import { restore } from "../../src/ops/restore.ts";
import { FEW_RUNS } from "../support/runs.ts";
import { copiesOf, type Home } from "./support.ts";
import { hostilePatches, LINKS } from "../security/patch-corpus.ts";
import { commit, empty, homeWith, makePipe, tree, treeOf, write } from "./trees.ts";

let home: Home;
const FILES = {
  "a.txt": "a\n",
  "d/b.txt": "b\n",
  "d/e/c.txt": "c\n",
  "run.sh": "x\n",
  link: "-> a.txt",
  folder: "-> d",
};

const copy = copiesOf(() => homeWith(FILES));

beforeEach(() => {
  home = copy();
});

afterEach(() => {
  // An edit leaves no other files, also if it fails.
  expect(
    readdirSync(join(home.path, ".warmtree")).filter((name) => !["finished", "lock", "looks", "open"].includes(name)),
  ).toEqual([]);
  home.remove();
});

const mode = (path: string) => statSync(join(home.tree, path)).mode & 0o777;

test("writes, deletes and moves, and tells what became of each", async () => {
  const odd = '-n\n"x"\té日';
  const result = await home.run(edit, {
    files: [
      { path: "a.txt", content: "new\n" },
      { path: `new/${odd}/f`, content: "" },
      { path: "bytes", base64: Buffer.from([0, 255, 10, 13, 0]).toString("base64") },
      { path: "d/e/c.txt", delete: true },
      { path: "d/b.txt", move_to: "m/o/ved" },
      { path: "run.sh", content: "x\n" },
    ],
  });
  expect(result).toEqual({
    changed: expect.arrayContaining([
      { path: "a.txt", change: "modified" },
      { path: `new/${odd}/f`, change: "added" },
      { path: "bytes", change: "added" },
      { path: "d/e/c.txt", change: "deleted" },
      { path: "m/o/ved", change: "moved", from: "d/b.txt" },
    ]),
    unchanged: ["run.sh"],
    truncated: false,
  });
  expect(result.changed).toHaveLength(5);
  const { "d/b.txt": _, "d/e/c.txt": __, ...kept } = FILES;
  expect(treeOf(home)).toEqual({
    ...kept,
    "a.txt": "new\n",
    [`new/${odd}/f`]: "",
    bytes: "\0\ufffd\n\r\0",
    "m/o/ved": "b\n",
  });
  expect(readFileSync(join(home.tree, "bytes"))).toEqual(Buffer.from([0, 255, 10, 13, 0]));
  expect(home.git("diff", "--cached", "--name-only")).toBe("");
});

test("keeps the mode of a file, and makes files executable or not", async () => {
  chmodSync(join(home.tree, "a.txt"), 0o600);
  chmodSync(join(home.tree, "run.sh"), 0o755);
  await home.run(edit, {
    files: [
      { path: "a.txt", content: "1\n" },
      { path: "run.sh", content: "2\n" },
      { path: "new", content: "" },
    ],
  });
  expect([mode("a.txt"), mode("run.sh"), mode("new") & 0o111]).toEqual([0o600, 0o755, 0]);
  const result = await home.run(edit, {
    files: [
      { path: "a.txt", content: "1\n", executable: true },
      { path: "run.sh", move_to: "run", executable: false },
      { path: "new", content: "", executable: false },
    ],
  });
  expect(result).toMatchObject({
    changed: [
      { path: "a.txt", change: "modified" },
      { path: "run", change: "moved" },
    ],
    unchanged: ["new"],
  });
  expect([mode("a.txt") & 0o100, mode("run") & 0o111]).toEqual([0o100, 0]);
});

test("a file may take the place of a folder that this edit empties, and a folder that of a file", async () => {
  await home.run(edit, {
    files: [
      { path: "d/b.txt", delete: true },
      { path: "d/e/c.txt", delete: true },
      { path: "d", content: "file\n" },
    ],
  });
  await home.run(edit, {
    files: [
      { path: "a.txt", delete: true },
      { path: "a.txt/in", content: "in\n" },
    ],
  });
  expect(treeOf(home)).toEqual({ d: "file\n", "a.txt/in": "in\n", "run.sh": "x\n", link: "-> a.txt", folder: "-> d" });
});

describe("refuses, and changes nothing:", () => {
  const outside = { path: "a.txt", content: "changed\n" };

  test.each([
    {
      what: "through a linked folder",
      file: { path: "folder/b.txt", content: "x" },
      field: "path",
      code: "invalid_input",
    },
    {
      what: "deleting through a linked folder",
      file: { path: "folder/b.txt", delete: true },
      field: "path",
      code: "invalid_input",
    },
    {
      what: "moving into a linked folder",
      file: { path: "run.sh", move_to: "folder/x" },
      field: "move_to",
      code: "invalid_input",
    },
    { what: "over a symlink", file: { path: "link", content: "x" }, field: "path", code: "invalid_input" },
    { what: "over a folder", file: { path: "d", content: "x" }, field: "path", code: "invalid_input" },
    { what: "moving a folder", file: { path: "d", move_to: "x" }, field: "path", code: "invalid_input" },
    { what: "below a file", file: { path: "run.sh/x/y", content: "x" }, field: "path", code: "invalid_input" },
    {
      what: "over what is neither file nor folder",
      file: { path: "pipe", content: "x" },
      field: "path",
      code: "invalid_input",
    },
    {
      what: "moving onto a file",
      file: { path: "run.sh", move_to: "d/b.txt" },
      field: "move_to",
      code: "invalid_input",
    },
    {
      what: "deleting what is not there",
      file: { path: "nothing", delete: true },
      field: "path",
      code: "path_not_found",
    },
    {
      what: "moving what is not there",
      file: { path: "nothing", move_to: "x" },
      field: "path",
      code: "path_not_found",
    },
  ])("$what", async ({ file, field, code }) => {
    if (file.path === "pipe") makePipe(join(home.tree, "pipe"));
    const { ino, mtimeNs } = statSync(join(home.tree, "a.txt"), { bigint: true });
    const failed = await home.failure(edit, { files: [outside, file] });
    expect(failed).toMatchObject({ code, field: `files.1.${field}`, work: { tree: "unchanged" } });
    rmSync(join(home.tree, "pipe"), { force: true });
    expect(treeOf(home)).toEqual(FILES);
    expect(statSync(join(home.tree, "a.txt"), { bigint: true })).toMatchObject({ ino, mtimeNs });
  });

  test.each([
    { what: "no action", input: { files: [{ path: "x" }] }, message: "exactly one of" },
    { what: "two actions", input: { files: [{ path: "x", content: "y", delete: true }] }, message: "exactly one of" },
    { what: "nothing at all", input: {}, message: "needs files or a patch" },
    {
      what: "a path twice",
      input: { files: [outside, { path: "run.sh", move_to: "a.txt" }] },
      message: "is named twice",
    },
    {
      what: "git's directory",
      input: { files: [{ path: "d/.git/config", content: "" }] },
      message: "not a path inside",
    },
    { what: "a path outside", input: { files: [{ path: "../x", content: "" }] }, message: "not a path inside" },
    { what: "no base64", input: { files: [{ path: "x", base64: "?" }] }, message: "base64" },
    {
      what: "a deleted executable",
      input: { files: [{ path: "x", delete: true, executable: true }] },
      message: "cannot be used for a deleted file",
    },
  ])("$what", async ({ input, message }) => {
    await expect(home.run(edit, input)).rejects.toThrow(message);
  });

  test("where there is no clone", async () => {
    rmSync(home.tree, { recursive: true });
    expect(await home.failure(edit, { files: [outside] })).toMatchObject({ code: "not_cloned" });
    mkdirSync(home.tree);
  });
});

describe("a patch", () => {
  const added = (path: string, line = "x", fileMode = 100644) =>
    `diff --git a/${path} b/${path}\nnew file mode ${fileMode}\n--- /dev/null\n+++ b/${path}\n@@ -0,0 +1 @@\n+${line}\n`;

  /** Returns the patch that git makes of the change from FILES to another tree. */
  function patchTo(files: Readonly<Record<string, string>>, removed: string[] = []): string {
    write(home, files);
    for (const path of removed) rmSync(join(home.tree, path));
    home.git("add", "-A");
    const patch = execFileSync("git", ["diff", "--cached", "--binary", "-M"], { cwd: home.tree, encoding: "utf8" });
    home.git("reset", "-q", "--hard");
    return patch;
  }

  test("changes, adds, deletes and renames files, binary ones too", async () => {
    const patch = patchTo(
      { "a.txt": "changed\n", "n é w\t": "new\n", "b.bin": "\0\x01\n", moved: "b\n", link: "-> run.sh" },
      ["d/b.txt"],
    );
    const expected = {
      ...FILES,
      "a.txt": "changed\n",
      "n é w\t": "new\n",
      "b.bin": "\0\x01\n",
      moved: "b\n",
      link: "-> run.sh",
    };
    const { changed } = await home.run(edit, {
      patch: patch.trimEnd() + "\n\n",
      files: [{ path: "run.sh", content: "y\n" }],
    });
    expect(changed.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      { path: "a.txt", change: "modified" },
      { path: "b.bin", change: "added" },
      { path: "d/b.txt", change: "deleted" },
      { path: "link", change: "modified" },
      { path: "moved", change: "added" },
      { path: "n é w\t", change: "added" },
      { path: "run.sh", change: "modified" },
    ]);
    const { "d/b.txt": _, ...rest } = expected;
    expect(treeOf(home)).toEqual({ ...rest, "run.sh": "y\n" });
    expect(home.git("diff", "--cached", "--name-only")).toBe("");
  });

  test("without its last line end is taken all the same; trailing spaces are no matter", async () => {
    await home.run(edit, { patch: added("x", "  spaces  ").trimEnd() });
    expect(treeOf(home)["x"]).toBe("  spaces\n");
  });

  test("that does not apply changes nothing, undoes the files with it, and says why", async () => {
    const patch = `${added("new/deep/x")}diff --git a/d/b.txt b/d/b.txt\n--- a/d/b.txt\n+++ b/d/b.txt\n@@ -1 +1 @@\n-not b\n+c\n`;
    const failed = await home.failure(edit, {
      patch,
      files: [
        { path: "a.txt", content: "z" },
        { path: "n/n", content: "" },
        { path: "d/e/c.txt", delete: true },
      ],
    });
    expect(failed).toMatchObject({ code: "patch_failed", work: { tree: "unchanged" } });
    expect(failed.message).toBe(
      "Line 10 of the patch begins a hunk whose old lines are not in 'd/b.txt'. Nearest lines:\n1: b. Nothing was changed.",
    );
    expect(treeOf(home)).toEqual(FILES);
  });

  test("that is none says so", async () => {
    for (const patch of ["hello", "diff --git a/x b/x\n", "--- a/a.txt\n+++ b/a.txt\n", "@@ -1 +1 @@\n-a\n+b\n"]) {
      await expect(home.run(edit, { patch })).rejects.toThrow(/has no change|without a hunk|no line before it names/);
    }
  });

  test.each([
    ["../out", "not a path inside"],
    [".git/hooks/post-checkout", "not a path inside"],
    [".GIT/x", "not a path inside"],
    ["git~1/x", "not a path inside"],
    ["d/../../out", "not a path inside"],
    ["/tmp/out", "not a path inside"],
    [".git", "not a path inside"],
    ["folder/out", "is below 'folder', a symbolic link to 'd'"],
  ])("to %s is refused", async (path, message) => {
    const before = readdirSync(home.path).toSorted();
    await expect(home.run(edit, { patch: added(path) })).rejects.toThrow(message);
    const renaming = `diff --git a/a.txt b/${path}\nsimilarity index 100%\nrename from a.txt\nrename to ${path}\n`;
    await expect(home.run(edit, { patch: renaming })).rejects.toThrow(message);
    expect(treeOf(home)).toEqual(FILES);
    expect(readdirSync(home.path).toSorted()).toEqual(before);
  });

  const REFUSED = /^(?:invalid_input|patch_failed)$/;

  test("cannot name a file outside the tree, in any role that a name has", async () => {
    for (const [name, target] of Object.entries(LINKS)) symlinkSync(target, join(home.tree, name));
    const net = join(home.path, ".warmtree/net.git");
    mkdirSync(net);
    writeFileSync(join(net, "config"), "a\n");
    const outside = () =>
      [".git/config", ".git/HEAD", "../.warmtree/net.git/config"].map((path) =>
        readFileSync(join(home.tree, path), "utf8"),
      );
    const before = [treeOf(home), outside()];
    const copies = hostilePatches().filter(({ about }) => about.startsWith("copy from:"));
    const others = fc.sample(fc.constantFrom(...hostilePatches()), { numRuns: FEW_RUNS * 10, seed: 1 });
    for (const { about, patch } of [...copies, ...others]) {
      const told = await home.run(edit, { patch }).catch((error: unknown) => error);
      if (told instanceof WarmtreeError) expect([about, told.code]).toEqual([about, expect.stringMatching(REFUSED)]);
      // A name that git cannot read makes its part a text between patches.
      else if (!(told instanceof z.ZodError)) {
        expect([about, told]).toMatchObject([about, { changed: [{ path: "made.txt" }] }]);
      }
      rmSync(join(home.tree, "made.txt"), { force: true });
      expect([about, treeOf(home), outside()]).toEqual([about, ...before]);
    }
    rmSync(net, { recursive: true });
  });

  test("copies and renames, and tells of what became another file alone", async () => {
    const copied = "diff --git a/a.txt b/copy.txt\nsimilarity index 100%\ncopy from a.txt\ncopy to copy.txt\n";
    const linked = "diff --git a/link b/link2\nsimilarity index 100%\ncopy from link\ncopy to link2\n";
    const renamed = "diff --git a/run.sh b/ran.sh\nsimilarity index 100%\nrename from run.sh\nrename to ran.sh\n";
    const { changed } = await home.run(edit, { patch: copied + linked + renamed });
    expect(changed.map(({ path, change }) => `${change} ${path}`).toSorted()).toEqual([
      "added copy.txt",
      "added link2",
      "added ran.sh",
      "deleted run.sh",
    ]);
    const { "run.sh": ran, ...rest } = FILES;
    expect(treeOf(home)).toEqual({ ...rest, "ran.sh": ran, "copy.txt": "a\n", link2: "-> a.txt" });
  });

  test("may make a symlink but not write through it", async () => {
    const linked = `${added("sl", "/tmp", 120000)}\\ No newline at end of file\n`;
    expect(await home.failure(edit, { patch: linked + added("sl/escaped") })).toMatchObject({ code: "patch_failed" });
    expect(treeOf(home)).toEqual(FILES);
    expect(await home.run(edit, { patch: linked })).toMatchObject({ changed: [{ path: "sl", change: "added" }] });
    expect(await home.failure(edit, { files: [{ path: "sl/escaped", content: "" }] })).toMatchObject({
      code: "invalid_input",
    });
  });

  test("does not take a folder for the file it would make", async () => {
    write(home, { "build/precious": "kept\n" });
    expect(await home.failure(edit, { patch: added("build") })).toMatchObject({ code: "patch_failed" });
    expect(treeOf(home)).toEqual({ ...FILES, "build/precious": "kept\n" });
  });

  test("may turn a folder into a file; when the rest fails, all comes back", async () => {
    const patch = patchTo({ "a.txt": "a2\n" }, ["d/b.txt", "d/e/c.txt"]) + added("d");
    await home.run(edit, { patch });
    expect(treeOf(home)).toMatchObject({ d: "x\n", "a.txt": "a2\n" });
  });
});

describe("large content", () => {
  const bytes = (length: number) => Buffer.from(Array.from({ length }, (_, n) => (n * 7919) % 251));

  test.each([
    { size: 300_000, way: "parameters" },
    { size: 3_000_000, way: "an upload" },
  ])("of $size bytes comes by $way", async ({ size }) => {
    const content = bytes(size);
    const patch = "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-a\n+b\n";
    const input = {
      files: [
        { path: "big", base64: content.toString("base64") },
        { path: "small", content: "s" },
        { path: "big2", content: "é".repeat(9) },
      ],
      patch,
    };
    await home.run(edit, input);
    expect(readFileSync(join(home.tree, "big")).equals(content)).toBe(true);
    expect(treeOf(home)).toMatchObject({ small: "s", big2: "é".repeat(9), "a.txt": "b\n" });
    expect(await home.run(edit, { files: input.files })).toMatchObject({
      changed: [],
      unchanged: ["big", "small", "big2"],
    });
  });

  test("is uploaded under one name, told to the script", () => {
    const asked = edit.input.parse({
      sandbox_id: "s0-00000000000000000000",
      files: [{ path: "big", content: "x".repeat(600_000) }],
    });
    const agent = { author: { name: "", email: "" }, agentBranchPrefix: "agent" };
    const context = contextFor(agent, { maxRetries: 0, timeoutS: 1 });
    const { files = [], args = [] } = edit.plan(asked, context);
    expect(files.map(({ path }) => path)).toEqual([`.warmtree/${args[1]}`]);
    const small = edit.plan(edit.input.parse({ ...asked, files: [{ path: "small", content: "x" }] }), context);
    expect(small.files).toBeUndefined();
    for (const argument of small.args ?? []) expect(argument.length).toBeLessThan(128 * 1024);
  });
});

describe("cut off in the middle", () => {
  /**
   * Kills an edit while git apply writes: its checkout filter waits for a pipe that only this test opens. By then the
   * files before it are changed already.
   */
  async function killedEdit(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const pipe = join(home.path, "pipe");
    makePipe(pipe);
    mkdirSync(join(home.tree, ".git/info"), { recursive: true });
    // Only a patch with binary parts starts git apply.
    writeFileSync(join(home.tree, ".git/info/attributes"), "run.sh binary\n");
    write(home, { "run.sh": "y\n" });
    const patch = `${home.git("diff", "--binary", "run.sh")}\n\n`;
    home.git("checkout", "-q", "run.sh");
    home.git("config", "filter.wait.smudge", `cat ${pipe}`);
    writeFileSync(join(home.tree, ".git/info/attributes"), "run.sh filter=wait\n");
    const controller = new AbortController();
    const asked = {
      sandbox_id: "s0-00000000000000000000",
      files: [
        { path: "a.txt", content: "half\n" },
        { path: "d/b.txt", delete: true },
        { path: "d/e/c.txt", move_to: "elsewhere/c.txt" },
        { path: "d", content: "a file now\n" },
        { path: "new/deep/file", content: "half\n" },
      ],
      patch,
    };
    const running = home.raw(edit, asked, controller.signal);
    // Resolves when the filter reads the pipe: the moment to kill the edit.
    const end = await open(pipe, constants.O_WRONLY);
    expect(treeOf(home)).toMatchObject({ "a.txt": "half\n", d: "a file now\n", "new/deep/file": "half\n" });
    controller.abort(signal);
    await end.close();
    expect((await running).exitCode).not.toBe(0);
    rmSync(join(home.tree, ".git/info/attributes"));
  }

  test.each(["SIGKILL", "SIGTERM"] as const)(
    "by %s, is undone by the next operation that takes the lock",
    async (signal) => {
      write(home, { "d/b.txt": "not committed\n" });
      chmodSync(join(home.tree, "d/b.txt"), 0o640);
      await killedEdit(signal);
      expect(treeOf(home)).toMatchObject({ "a.txt": "half\n" });
      await home.run(restore, { paths: ["link"] });
      expect(treeOf(home)).toEqual({ ...FILES, "d/b.txt": "not committed\n" });
      expect(mode("d/b.txt")).toBe(0o640);
    },
  );

  test("once more while it is being undone, it is undone all the same", async () => {
    await killedEdit("SIGKILL");
    const list = readFileSync(join(home.path, ".warmtree/undo/list"), "utf8");
    expect(list).toContain("\0a.txt\0");
    // The state after a kill in the middle of the undo: all is deleted, half of it is restored.
    rmSync(join(home.tree, "d"), { force: true });
    write(home, { "a.txt": "a\n" });
    await home.run(edit, { files: [{ path: "after", content: "after\n" }] });
    expect(treeOf(home)).toEqual({ ...FILES, after: "after\n" });
  });

  test("an edit that ended is not undone by a later crash", async () => {
    await home.run(edit, { files: [{ path: "a.txt", content: "kept\n" }] });
    await killedEdit("SIGKILL");
    await home.run(restore, { paths: ["link"] });
    expect(treeOf(home)).toEqual({ ...FILES, "a.txt": "kept\n" });
  });
});

test("any change of trees, as files or as a patch made by diff, makes the same tree and tells it", async () => {
  await fc.assert(
    fc.asyncProperty(tree, tree, fc.boolean(), async (before, after, byPatch) => {
      empty(home);
      commit(home, before, "before");
      const gone = Object.keys(before).filter((path) => !(path in after));
      const files = [
        ...gone.map((path) => ({ path, delete: true })),
        // As text, the file might keep the line ends of the file before.
        ...Object.entries(after).map(([path, content]) => ({ path, base64: Buffer.from(content).toString("base64") })),
      ];
      let input: object = { files };
      if (byPatch) {
        empty(home);
        write(home, after);
        input = { patch: (await home.run(diff)).diff };
        home.git("reset", "-q", "--hard");
        home.git("clean", "-fdq");
      }
      if (files.length === 0 || ("patch" in input && input.patch === "")) return;
      const { changed, unchanged } = await home.run(edit, input);
      expect(treeOf(home)).toEqual(after);
      const different = Object.keys({ ...before, ...after }).filter((path) => before[path] !== after[path]);
      expect(changed.map(({ path }) => path).toSorted()).toEqual(different.toSorted());
      const same = Object.keys(after).filter((path) => before[path] === after[path]);
      expect(unchanged.toSorted()).toEqual(byPatch ? [] : same.toSorted());
    }),
    { numRuns: FEW_RUNS },
  );
});

test("a file whose place a folder takes is deleted, and the other way round", async () => {
  const changes = async (asked: object) => {
    const { changed } = await home.run(edit, asked);
    return Object.fromEntries(changed.map(({ path, change }) => [path, change]));
  };
  const toFolder = [
    { path: "a.txt", delete: true },
    { path: "a.txt/inner", content: "x\n" },
  ];
  expect(await changes({ files: toFolder })).toEqual({ "a.txt": "deleted", "a.txt/inner": "added" });
  const toFile = [
    { path: "a.txt/inner", delete: true },
    { path: "a.txt", content: "a\n" },
  ];
  expect(await changes({ files: toFile })).toEqual({ "a.txt/inner": "deleted", "a.txt": "added" });
  const patch = "--- a/a.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n--- /dev/null\n+++ b/a.txt/inner\n@@ -0,0 +1 @@\n+x\n";
  expect(await changes({ patch })).toEqual({ "a.txt": "deleted", "a.txt/inner": "added" });
});
