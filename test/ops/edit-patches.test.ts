import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { diff } from "../../src/ops/diff.ts";
import { edit } from "../../src/ops/edit.ts";
import { FEW_RUNS } from "../support/runs.ts";
import { copiesOf, type Home } from "./support.ts";
import { commit, empty, homeWith, type Tree, treeOf, write } from "./trees.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, n) => `${n + 1}\n`).join("");
const FILES = {
  "n.txt": numbers(20),
  "crlf.txt": "one\r\ntwo\r\nthree\r\n",
  "blank.txt": "a\n\nb\n",
  "open.txt": "a\nlast",
  "twice.py": "class A:\n    def f():\n        pass\n\nclass B:\n    def f():\n        pass\n",
  link: "-> n.txt",
};

let home: Home;
const copy = copiesOf(() => homeWith(FILES));
beforeEach(() => {
  home = copy();
});
afterEach(() => home.remove());

const header = (path: string) => `--- a/${path}\n+++ b/${path}\n`;
const CHANGE = " 1\n-2\n+two\n 3\n";

test.each<[what: string, patch: string, path: string, after: string]>([
  ["counts too large", `${header("n.txt")}@@ -1,9 +1,9 @@\n${CHANGE}`, "n.txt", FILES["n.txt"].replace("2", "two")],
  [
    "counts too small",
    `${header("n.txt")}@@ -1,3 +1,3 @@\n${CHANGE} 4\n-5\n+five\n 6\n`,
    "n.txt",
    FILES["n.txt"].replace("2", "two").replace("5", "five"),
  ],
  [
    "counts too small for a new file",
    "--- /dev/null\n+++ b/new\n@@ -0,0 +1,2 @@\n+a\n+b\n+c\n+d\n",
    "new",
    "a\nb\nc\nd\n",
  ],
  [
    "counts that reach into the next file",
    `${header("n.txt")}@@ -1,4 +1,4 @@\n${CHANGE}${header("blank.txt")}@@ -1,3 +1,3 @@\n a\n \n-b\n+B\n`,
    "blank.txt",
    "a\n\nB\n",
  ],
  [
    "LF for a file with CRLF",
    `${header("crlf.txt")}@@ -1,3 +1,4 @@\n one\n-two\n+TWO\n+2\n three\n`,
    "crlf.txt",
    "one\r\nTWO\r\n2\r\nthree\r\n",
  ],
  [
    "CRLF for a file with LF",
    `${header("n.txt")}@@ -1,3 +1,3 @@\n${CHANGE}`.replaceAll("\n", "\r\n"),
    "n.txt",
    FILES["n.txt"].replace("2", "two"),
  ],
  ["no numbers", `${header("n.txt")}@@\n${CHANGE}`, "n.txt", FILES["n.txt"].replace("2", "two")],
  [
    "wrong line numbers",
    `${header("n.txt")}@@ -1,3 +1,3 @@\n 11\n-12\n+twelve\n 13\n`,
    "n.txt",
    FILES["n.txt"].replace("12", "twelve"),
  ],
  ["no a/ and b/", `--- n.txt\n+++ n.txt\n@@ -1,3 +1,3 @@\n${CHANGE}`, "n.txt", FILES["n.txt"].replace("2", "two")],
  [
    "a fence, and text around it",
    `Here it is:\n\n\`\`\`diff\n${header("n.txt")}@@ -1,3 +1,3 @@\n${CHANGE}\`\`\`\n\nDone.\n`,
    "n.txt",
    FILES["n.txt"].replace("2", "two"),
  ],
  [
    "an empty line for an unchanged one",
    `${header("blank.txt")}@@ -1,3 +1,3 @@\n a\n\n-b\n+B\n`,
    "blank.txt",
    "a\n\nB\n",
  ],
  ["a forgotten missing line end", `${header("open.txt")}@@ -1,2 +1,2 @@\n a\n-last\n+LAST\n`, "open.txt", "a\nLAST"],
  [
    "lines after a forgotten missing line end",
    `${header("open.txt")}@@ -1,2 +1,3 @@\n a\n last\n+more\n`,
    "open.txt",
    "a\nlast\nmore",
  ],
  ["no context", `${header("n.txt")}@@ -5,0 +6 @@\n+5½\n`, "n.txt", FILES["n.txt"].replace("5\n", "5\n5½\n")],
  [
    "a mail of git",
    `From 1 Mon\nSubject: x\n\n---\n n.txt | 2 +-\n\n${header("n.txt")}@@ -1,3 +1,3 @@\n${CHANGE}-- \n2.39.5\n`,
    "n.txt",
    FILES["n.txt"].replace("2", "two"),
  ],
  [
    "*** Begin Patch",
    `*** Begin Patch\n*** Update File: n.txt\n@@\n${CHANGE}*** End Patch\n`,
    "n.txt",
    FILES["n.txt"].replace("2", "two"),
  ],
  [
    "*** Begin Patch with lines to look for",
    "*** Begin Patch\n*** Update File: twice.py\n@@ class B:\n@@     def f():\n-        pass\n+        return 1\n*** End of File\n*** End Patch",
    "twice.py",
    FILES["twice.py"].replace(/pass\n$/, "return 1\n"),
  ],
  [
    "a line to look for in the hunk's head",
    `${header("twice.py")}@@ class A:\n     def f():\n-        pass\n+        return 1\n`,
    "twice.py",
    FILES["twice.py"].replace("pass", "return 1"),
  ],
])("is understood: %s", async (_, patch, path, after) => {
  await home.run(edit, { patch });
  expect(readFileSync(join(home.tree, path), "utf8")).toBe(after);
});

test("*** Begin Patch adds, deletes and moves", async () => {
  const patch =
    "*** Begin Patch\n*** Add File: d/new.txt\n+a\n+\n+b\n*** Delete File: blank.txt\n*** Update File: n.txt\n*** Move to: m.txt\n@@\n 1\n-2\n+two\n*** End Patch";
  const { changed } = await home.run(edit, { patch });
  expect(changed.map(({ path, change }) => `${change} ${path}`).toSorted()).toEqual([
    "added d/new.txt",
    "added m.txt",
    "deleted blank.txt",
    "deleted n.txt",
  ]);
  expect(treeOf(home)).toMatchObject({ "d/new.txt": "a\n\nb\n", "m.txt": FILES["n.txt"].replace("2", "two") });
});

test("modes and links of a patch", async () => {
  const mode = "diff --git a/n.txt b/n.txt\nold mode 100644\nnew mode 100755\n";
  const link =
    "diff --git a/L.md b/L.md\nnew file mode 120000\n--- /dev/null\n+++ b/L.md\n@@ -0,0 +1 @@\n+n.txt\n\\ No newline at end of file\n";
  const gone =
    "diff --git a/link b/link\ndeleted file mode 120000\n--- a/link\n+++ /dev/null\n@@ -1 +0,0 @@\n-n.txt\n\\ No newline at end of file\n";
  await home.run(edit, { patch: `${mode}${link}${gone}` });
  expect(statSync(join(home.tree, "n.txt")).mode & 0o100).toBe(0o100);
  expect(treeOf(home)).toMatchObject({ "L.md": "-> n.txt" });
  expect(treeOf(home)).not.toHaveProperty("link");
});

describe("is refused with the place, and changes nothing:", () => {
  test.each<[what: string, patch: string, message: string]>([
    [
      "lines that are not there",
      `${header("n.txt")}@@ -1,2 +1,2 @@\n 7\n-eight\n+8!\n`,
      "Line 3 of the patch begins a hunk whose old lines are not in 'n.txt'. Nearest lines:\n7: 7",
    ],
    [
      "lines that are there twice",
      `${header("twice.py")}@@\n     def f():\n-        pass\n+        x\n`,
      "are in 'twice.py' 2 times, at lines 2, 6",
    ],
    ["an addition without a place", `${header("n.txt")}@@\n+new\n`, "without an unchanged or removed line"],
    [
      "an unchanged line without its blank",
      `${header("n.txt")}@@ -1,4 +1,4 @@\n 1\n-2\n+two\n3\n+3½\n 4\n`,
      "line 8 of the patch is in no hunk",
    ],
    [
      "a new file that exists",
      `--- /dev/null\n+++ b/n.txt\n@@ -0,0 +1 @@\n+x\n`,
      "makes 'n.txt', which exists already",
    ],
    ["a file that does not exist", `${header("none.txt")}@@ -1 +1 @@\n-x\n+y\n`, "'none.txt' does not exist"],
    [
      "a deletion of some of the lines",
      "--- a/n.txt\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-1\n-2\n",
      "deletes 'n.txt', and not all of its lines",
    ],
    ["an edit through a link", `${header("link")}@@ -1,3 +1,3 @@\n${CHANGE}`, "a symbolic link to 'n.txt'"],
    ["two files", `--- a/n.txt\n+++ b/m.txt\n@@ -1,3 +1,3 @@\n${CHANGE}`, "names two files"],
    [
      "a binary file without its content",
      "diff --git a/x b/x\nindex 1..2 100644\nBinary files a/x and b/x differ\n",
      "without its content",
    ],
    ["a line of no file", "*** Begin Patch\n+x\n*** End Patch\n", "is in no file"],
    [
      "a second patch after the end of the first",
      "*** Begin Patch\n*** Delete File: n.txt\n*** End Patch\n*** Begin Patch\n*** Delete File: blank.txt\n*** End Patch\n",
      "line 4 of the patch is not between '*** Begin Patch' and '*** End Patch'",
    ],
    ["a form in the other", "*** Delete File: n.txt\n", "line 1 of the patch is in no change"],
    ["half a move", "rename to m.txt\n", "line 1 of the patch is in no change"],
    ["a name of binary files", "Binary files a/x and b/x differ\n", "line 1 of the patch is in no change"],
    [
      "a combined diff",
      `diff --git a/n.txt b/n.txt\n${header("n.txt")}@@@ -1,3 -1,3 +1,3 @@@\n  1\n- 2\n++two\n`,
      "combined diff",
    ],
  ])("%s", async (_, patch, message) => {
    const both = `${header("blank.txt")}@@ -1 +1 @@\n-a\n+A\n${patch}`;
    await expect(home.run(edit, { patch: patch.startsWith("*** Begin") ? patch : both })).rejects.toThrow(
      message.replace(/[Ll]ine (\d+) of/, (found, line: string) =>
        patch.startsWith("*** Begin") ? found : found.replace(line, String(Number(line) + 5)),
      ),
    );
    expect(treeOf(home)).toEqual(FILES);
  });

  test("a name that may have a prefix or a folder", async () => {
    write(home, { "b/x": "x\n" });
    const made = "--- /dev/null\n+++ b/y\n@@ -0,0 +1 @@\n+y\n";
    await expect(home.run(edit, { patch: made })).rejects.toThrow("may mean 'y' or 'b/y'");
    await home.run(edit, { patch: `diff --git a/b/y b/b/y\nnew file mode 100644\n${made.replace("b/y", "b/b/y")}` });
    expect(treeOf(home)).toMatchObject({ "b/y": "y\n" });
  });
});

const line = fc.constantFrom("x", "y", "z", "", "- a", "-- b", "+ c", "@@ d", "\td", "  e");

/** A file before and after a change of some lines. */
const revision = fc
  .array(fc.tuple(line, fc.constantFrom("keep", "keep", "keep", "drop", "put"), line), { minLength: 1, maxLength: 30 })
  .map((parts) => {
    const before = parts.flatMap(([old, how]) => (how === "put" ? [] : [old]));
    const after = parts.flatMap(([old, how, now]) => (how === "drop" ? [] : [how === "put" ? now : old]));
    const text = (lines: readonly string[]) => lines.map((each) => `${each}\n`).join("");
    return [text(before), text(after)] as const;
  });

const name = fc.constantFrom("f", "g.txt", "d/h", "d/é", "i j");
const trees = fc
  .uniqueArray(fc.tuple(name, revision, fc.constantFrom("\n", "\r\n")), {
    minLength: 1,
    maxLength: 3,
    selector: ([path]) => path,
  })
  .map((files): [Tree, Tree] => {
    const side = (at: 0 | 1) =>
      Object.fromEntries(
        files.flatMap(([path, texts, end]) => (texts[at] === "" ? [] : [[path, texts[at].replaceAll("\n", end)]])),
      );
    return [side(0), side(1)];
  });

type Damage = (patch: string, amount: number) => string;
const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@.*$/gm;

const DAMAGES: Readonly<Record<string, Damage>> = {
  none: (patch) => patch,
  "wrong counts": (patch, amount) =>
    patch.replaceAll(HUNK, (_, old: string, oldCount = "1", now: string, newCount = "1") => {
      const count = (right: string) => Math.max(0, Number(right) + amount);
      return `@@ -${old},${count(oldCount)} +${now},${count(newCount)} @@`;
    }),
  "no carriage returns": (patch) => patch.replaceAll("\r", ""),
  "no prefixes": (patch) =>
    patch.replaceAll(/^(?:diff --git|index) .*\n/gm, "").replaceAll(/^(---|\+\+\+) ("?)[ab]\//gm, "$1 $2"),
  "no git headers": (patch) => patch.replaceAll(/^(?:diff --git|index|new file mode|deleted file mode) .*\n/gm, ""),
  fence: (patch) => `Text.\n\`\`\`diff\n${patch}\`\`\`\nMore.\n`,
  "no blank in empty lines": (patch) => patch.replaceAll(/^ $/gm, ""),
  "no numbers": (patch) => patch.replaceAll(HUNK, "@@"),
  "wrong numbers": (patch, amount) =>
    patch.replaceAll(HUNK, (_, old: string, oldCount = "1", now: string, newCount = "1") => {
      const start = (right: string) => (right === "0" ? 0 : Math.max(1, Number(right) + amount));
      return `@@ -${start(old)},${oldCount} +${start(now)},${newCount} @@`;
    }),
  "the form of models": (patch) =>
    `*** Begin Patch\n${patch
      .replaceAll(/^(?:diff --git|index|new file mode|deleted file mode) .*\n/gm, "")
      .replaceAll(/^--- \/dev\/null\n\+\+\+ b\/(.*?)\t?\n@@.*\n/gm, "*** Add File: $1\n")
      .replaceAll(/^--- a\/(.*?)\t?\n\+\+\+ \/dev\/null\n@@.*\n(?:-.*\n)*/gm, "*** Delete File: $1\n")
      .replaceAll(/^--- a\/(.*?)\t?\n\+\+\+ b\/.*\n/gm, "*** Update File: $1\n")
      .replaceAll(HUNK, "@@")}*** End Patch\n`,
};

/** Damages that may change another place: only the number tells an equal place from the right one. */
const MAY_LIE = new Set(["wrong numbers"]);

test("a patch of git, damaged as models damage it, makes the same tree, or none", async () => {
  const made = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      trees,
      fc.constantFrom(...Object.keys(DAMAGES)),
      fc.integer({ min: -2, max: 3 }),
      async ([before, after], damage, amount) => {
        empty(home);
        commit(home, before, "before");
        empty(home);
        write(home, after);
        const { diff: patch } = await home.run(diff);
        home.git("reset", "-q", "--hard");
        home.git("clean", "-fdq");
        if (patch === "") return;
        const damaged = DAMAGES[damage]?.(patch, amount) ?? "";
        const failed = await home.run(edit, { patch: damaged }).catch((error: unknown) => error);
        const isRefused = failed instanceof Error;
        if (isRefused) expect(treeOf(home)).toEqual(before);
        else if (!MAY_LIE.has(damage)) expect(treeOf(home)).toEqual(after);
        if (damage === "none" && isRefused) throw failed;
        if (isRefused) return;
        made.set(damage, (made.get(damage) ?? 0) + 1);
      },
    ),
    { numRuns: FEW_RUNS * 4 },
  );
  // If all patches were refused, the test would prove nothing.
  expect(made.size).toBeGreaterThan(5);
});
