import { readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { edit } from "../../src/ops/edit.ts";
import { FEW_RUNS } from "../support/runs.ts";
import { copiesOf, type Home } from "./support.ts";
import { commit, empty, homeWith, treeOf, write } from "./trees.ts";

const BOM = "\ufeff";
const FILES = {
  "a.txt": "one\ntwo\n  two\nthree\n",
  "crlf.txt": "one\r\ntwo\r\nthree\r\n",
  "mixed.txt": "one\r\ntwo\nthree\r\n",
  "bom.txt": `${BOM}one\n`,
  "run.sh": "x\n",
  "AGENTS.md": "x\n",
  "CLAUDE.md": "-> AGENTS.md",
};

let home: Home;
const copy = copiesOf(() => homeWith(FILES));
beforeEach(() => {
  home = copy();
});
afterEach(() => home.remove());

const contentOf = (path: string) => readFileSync(join(home.tree, path), "utf8");
const isExecutable = (path: string) => (statSync(join(home.tree, path)).mode & 0o111) !== 0;
const changedBy = async (file: object) => (await home.run(edit, { files: [file] })).changed;

describe("a part of a file is replaced", () => {
  test.each<[what: string, path: string, file: { old: string; new: string; all?: boolean }, after: string]>([
    ["once", "a.txt", { old: "one\n", new: "1\n" }, "1\ntwo\n  two\nthree\n"],
    ["by nothing", "a.txt", { old: "  two\n", new: "" }, "one\ntwo\nthree\n"],
    ["everywhere", "a.txt", { old: "two", new: "2", all: true }, "one\n2\n  2\nthree\n"],
    ["LF in CRLF", "crlf.txt", { old: "one\ntwo\n", new: "1\n2\n2½\n" }, "1\r\n2\r\n2½\r\nthree\r\n"],
    ["one line in CRLF", "crlf.txt", { old: "two", new: "2\n2½" }, "one\r\n2\r\n2½\r\nthree\r\n"],
    ["CRLF in LF", "a.txt", { old: "one\r\ntwo\r\n", new: "1\r\n2\r\n" }, "1\n2\n  two\nthree\n"],
    ["LF in a mixture", "mixed.txt", { old: "two\nthree\n", new: "2\n3\n" }, "one\r\n2\n3\n"],
    ["CRLF of a mixture", "mixed.txt", { old: "one\n", new: "1\n1½\n" }, "1\r\n1½\r\ntwo\nthree\r\n"],
    ["beside a byte-order mark", "bom.txt", { old: "one", new: "1" }, `${BOM}1\n`],
    [
      "with what looks like a pattern",
      "a.txt",
      { old: "one\ntwo", new: "$1 \\1 $& .*" },
      "$1 \\1 $& .*\n  two\nthree\n",
    ],
  ])("%s", async (_, path, file, after) => {
    expect(await changedBy({ path, ...file })).toMatchObject([{ path, change: "modified" }]);
    expect(contentOf(path)).toBe(after);
  });

  test("several times, in order, also after other actions", async () => {
    const { changed } = await home.run(edit, {
      files: [
        { path: "a.txt", move_to: "b.txt" },
        { path: "b.txt", old: "one", new: "two" },
        { path: "b.txt", old: "two\ntwo\n", new: "x\n" },
        { path: "b.txt", executable: true },
        { path: "new.txt", content: "a\n" },
        { path: "new.txt", old: "a", new: "b" },
      ],
    });
    expect(changed).toMatchObject([
      { path: "new.txt", change: "added" },
      { path: "b.txt", change: "moved", from: "a.txt" },
    ]);
    expect([contentOf("b.txt"), contentOf("new.txt"), isExecutable("b.txt")]).toEqual([
      "x\n  two\nthree\n",
      "b\n",
      true,
    ]);
  });

  test("and is told as unchanged if it is", async () => {
    const files = [
      { path: "a.txt", old: "one", new: "1" },
      { path: "a.txt", old: "1\n", new: "one\n" },
    ];
    expect(await home.run(edit, { files })).toMatchObject({ changed: [], unchanged: ["a.txt"] });
  });

  test.each<[what: string, file: object, message: string]>([
    [
      "not there",
      { old: "tow\nthree", new: "" },
      "files.1.old does not occur in 'a.txt'. Nearest lines:\n3:   two\n4: three. Nothing",
    ],
    [
      "other indentation",
      { old: "    two", new: "" },
      "files.1.old does not occur in 'a.txt'. Nearest lines:\n2: two. Nothing",
    ],
    ["nothing like it", { old: "@@", new: "" }, "files.1.old does not occur in 'a.txt'. Nothing"],
    [
      "twice",
      { old: "two", new: "2" },
      "files.1.old occurs in 'a.txt' 2 times, at lines 2, 3. Add lines around it to name one place, or set all",
    ],
    ["overlapping", { old: "\n  two\n", new: "" }, ""],
  ])("or is not, if it is %s", async (what, file, message) => {
    if (what === "overlapping") {
      write(home, { "a.txt": "aaa\n" });
      await expect(home.run(edit, { files: [{ path: "a.txt", old: "aa", new: "b" }] })).rejects.toThrow("2 times");
      return;
    }
    const failed = await home.failure(edit, {
      files: [
        { path: "run.sh", content: "changed\n" },
        { path: "a.txt", ...file },
      ],
    });
    expect(failed).toMatchObject({ code: "invalid_input", field: "files.1.old" });
    expect(failed.message).toContain(message);
    expect(treeOf(home)).toEqual(FILES);
  });

  test("of a file that does not exist, or is a link: says so", async () => {
    const asked = { old: "x", new: "y" };
    expect(await home.failure(edit, { files: [{ path: "none", ...asked }] })).toMatchObject({ code: "path_not_found" });
    const failed = await home.failure(edit, { files: [{ path: "CLAUDE.md", ...asked }] });
    expect(failed.message).toContain("edits 'CLAUDE.md', a symbolic link to 'AGENTS.md': edit that");
  });

  const some = fc.string({ unit: fc.constantFrom("a", "b", "\n", " ", "é"), minLength: 0, maxLength: 12 });
  test("a replacement makes what the whole content would make", async () => {
    await fc.assert(
      fc.asyncProperty(
        some,
        some.filter((old) => old !== ""),
        some,
        some,
        fc.boolean(),
        async (head, old, now, tail, isCrlf) => {
          const ended = (text: string) => (isCrlf ? text.replaceAll("\n", "\r\n") : text);
          const before = `${head}${old}${tail}`;
          empty(home);
          commit(home, { f: ended(before) }, "before");
          const failed = await home
            .run(edit, { files: [{ path: "f", old, new: now }] })
            .catch((error: unknown) => error);
          const isOnce = before.indexOf(old) === before.lastIndexOf(old);
          expect(failed instanceof Error).toBe(!isOnce);
          // A file without line ends has none to keep.
          const after = isCrlf && !before.includes("\n") ? `${head}${now}${tail}` : ended(`${head}${now}${tail}`);
          expect(contentOf("f")).toBe(isOnce ? after : ended(before));
        },
      ),
      { numRuns: FEW_RUNS * 4 },
    );
  });
});

describe("a whole content", () => {
  test.each<[what: string, file: { path: string; content: string }, after: string, told: object]>([
    ["keeps CRLF", { path: "crlf.txt", content: "1\n2\n" }, "1\r\n2\r\n", { kept: ["crlf"] }],
    ["keeps a byte-order mark", { path: "bom.txt", content: "1\n2\n" }, `${BOM}1\n2\n`, { kept: ["bom"] }],
    ["tells that it brings CRLF", { path: "a.txt", content: "1\r\n" }, "1\r\n", { became: ["crlf"] }],
    [
      "tells that it brings a byte-order mark",
      { path: "a.txt", content: `${BOM}1\n` },
      `${BOM}1\n`,
      { became: ["bom"] },
    ],
    ["of a mixture is as given", { path: "mixed.txt", content: "1\n" }, "1\n", {}],
  ])("%s", async (_, file, after, told) => {
    expect(await changedBy(file)).toEqual([{ path: file.path, change: "modified", ...told }]);
    expect(contentOf(file.path)).toBe(after);
  });

  test("as bytes is as given, and tells the difference", async () => {
    const base64 = Buffer.from("1\n").toString("base64");
    expect(await changedBy({ path: "crlf.txt", base64 })).toMatchObject([{ became: ["lf"] }]);
    expect(await changedBy({ path: "bom.txt", base64 })).toMatchObject([{ became: ["no_bom"] }]);
    expect(contentOf("crlf.txt")).toBe("1\n");
  });
});

test("with all members that a model fills in, a mode alone is meant: the content stays", async () => {
  const filled = { content: "", base64: "", old: "", new: "", move_to: "", link: "", delete: false, all: false };
  const before = contentOf("run.sh");
  await home.run(edit, { files: [{ path: "run.sh", mode: "755", ...filled }] });
  expect([contentOf("run.sh"), isExecutable("run.sh")]).toEqual([before, true]);
  // Empty content without other empty members is the file's content.
  await home.run(edit, { files: [{ path: "run.sh", mode: "755", content: "" }] });
  expect(contentOf("run.sh")).toBe("");
});

describe("a mode", () => {
  test.each<[object, boolean]>([
    [{ executable: true }, true],
    [{ mode: "+x" }, true],
    [{ mode: "755" }, true],
    [{ mode: "100755" }, true],
    [{ mode: "0755", executable: true }, true],
    [{ mode: "-x" }, false],
    [{ mode: "100644" }, false],
  ])("alone: %o", async (asked, after) => {
    const change = await changedBy({ path: "run.sh", ...asked });
    expect(change).toEqual(after ? [{ path: "run.sh", change: "modified" }] : []);
    expect(isExecutable("run.sh")).toBe(after);
  });

  test("with other actions", async () => {
    await home.run(edit, {
      files: [
        { path: "run.sh", old: "x", new: "y", mode: "+x" },
        { path: "new.sh", content: "x\n", mode: "100755" },
      ],
    });
    expect([isExecutable("run.sh"), isExecutable("new.sh")]).toEqual([true, true]);
  });

  test.each([
    [{ path: "run.sh", mode: "777" }, "is none of"],
    [{ path: "run.sh", mode: "+x", executable: false }, "contradicts executable"],
    [{ path: "l", link: "x", executable: true }, "symbolic link"],
    [{ path: "run.sh", new: "x" }, "needs 'old'"],
    [{ path: "run.sh", old: "x" }, "text that replaces old"],
  ])("%o is refused", async (file, message) => {
    await expect(home.run(edit, { files: [file] })).rejects.toThrow(message);
  });
});

test("members that ask for nothing are no actions", async () => {
  const nothing = { base64: "", old: "", new: "", all: false, delete: false, move_to: "", link: "", mode: "" };
  await home.run(edit, {
    files: [
      { ...nothing, path: "full.txt", content: "x" },
      { ...nothing, path: "empty.txt", content: "" },
      { ...nothing, path: "run.sh", content: "", delete: true },
      { ...nothing, path: "a.txt", content: "", old: "one\n", new: "" },
    ],
    patch: "",
  });
  const { "run.sh": _, ...rest } = FILES;
  expect(treeOf(home)).toEqual({
    ...rest,
    "full.txt": "x",
    "empty.txt": "",
    "a.txt": FILES["a.txt"].replace("one\n", ""),
  });
});

describe("a symbolic link", () => {
  test("is made, moved, changed and deleted", async () => {
    expect(await changedBy({ path: "d/l", link: "../a.txt" })).toEqual([{ path: "d/l", change: "added" }]);
    expect(await changedBy({ path: "d/l", link: "../run.sh" })).toEqual([{ path: "d/l", change: "modified" }]);
    expect(await changedBy({ path: "CLAUDE.md", move_to: "C2.md" })).toEqual([
      { path: "C2.md", change: "moved", from: "CLAUDE.md" },
    ]);
    expect(await home.run(edit, { files: [{ path: "C2.md", link: "AGENTS.md" }] })).toMatchObject({
      unchanged: ["C2.md"],
    });
    expect(treeOf(home)).toMatchObject({ "d/l": "-> ../run.sh", "C2.md": "-> AGENTS.md" });
    expect(await changedBy({ path: "C2.md", delete: true })).toEqual([{ path: "C2.md", change: "deleted" }]);
    expect(treeOf(home)).toMatchObject({ "AGENTS.md": "x\n" });
  });

  test("takes the place of a file", async () => {
    expect(await changedBy({ path: "a.txt", link: "run.sh" })).toEqual([{ path: "a.txt", change: "modified" }]);
    expect(home.git("status", "--porcelain")).toContain("T a.txt");
  });

  test("is not written through, and its target is named", async () => {
    const content = "new\n";
    symlinkSync("..", join(home.tree, "up"));
    for (const [path, target] of [
      ["CLAUDE.md", "edits 'CLAUDE.md', a symbolic link to 'AGENTS.md'"],
      ["up/x", "is below 'up', a symbolic link to '..'"],
    ]) {
      const failed = await home.failure(edit, { files: [{ path, content }] });
      expect(failed).toMatchObject({ code: "invalid_input", field: "files.0.path" });
      expect(failed.message).toContain(target);
    }
    const both = [
      { path: "l", link: "d2" },
      { path: "l/x", content },
    ];
    expect(await home.failure(edit, { files: both })).toMatchObject({ code: "invalid_input", field: "files.1.path" });
    expect(treeOf(home)).toEqual({ ...FILES, up: "-> .." });
  });
});
