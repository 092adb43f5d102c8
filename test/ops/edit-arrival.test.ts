import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { edit } from "../../src/ops/edit.ts";
import { treePath } from "../../src/ops/tree-path.ts";
import { push } from "../../src/ops/push.ts";
import { FEW_RUNS } from "../support/runs.ts";
import { cloneForEach, git, type Home, type Seed } from "./support.ts";
import { treeOf, write } from "./trees.ts";

const BRANCH = "agent/ada/t1";

let home: Home;
let seed: Seed;
cloneForEach(
  (origin) => {
    write(origin, {
      ".gitignore": "dist/\n*.log\n!keep.log\n",
      ".gitattributes":
        "secret/** filter=git-crypt\n*.u16 working-tree-encoding=UTF-16\n*.le working-tree-encoding=UTF-16LE\n*.jis working-tree-encoding=SHIFT-JIS\n",
      "a.txt": "one\n",
      "dist/kept.js": "k\n",
    });
    origin.git("add", "-f", "dist/kept.js");
    origin.publish("first");
    // A submodule, as its index entry and its line in .gitmodules.
    write(origin, { ".gitmodules": '[submodule "s"]\n\tpath = vendor/sub\n\turl = ../s\n' });
    origin.git("update-index", "--add", "--cacheinfo", `160000,${origin.git("rev-parse", "HEAD")},vendor/sub`);
    origin.git("update-index", "--add", "--cacheinfo", `160000,${origin.git("rev-parse", "HEAD")},bare/module`);
    origin.git("add", ".gitmodules");
    origin.git("commit", "-qm", "submodules");
    origin.send();
  },
  { agent_id: "ada", task_id: "t1" },
  (made) => {
    ({ home, seed } = made);
  },
);

const remoteFile = (path: string) => git(seed.bare, "show", `${BRANCH}:${path}`);

test("an edit tells the rule that ignores a file, and a push by name commits it", async () => {
  const { changed } = await home.run(edit, {
    files: [
      { path: "dist/app.js", content: "x\n" },
      { path: "d/x.log", content: "x\n" },
      { path: "keep.log", content: "x\n" },
      { path: "dist/kept.js", content: "k2\n" },
      { path: "a.txt", content: "two\n" },
    ],
  });
  expect(changed.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
    { path: "a.txt", change: "modified" },
    { path: "d/x.log", change: "added", ignored_by: ".gitignore:2:*.log" },
    { path: "dist/app.js", change: "added", ignored_by: ".gitignore:1:dist/" },
    { path: "dist/kept.js", change: "modified" },
    { path: "keep.log", change: "added" },
  ]);
  expect(await home.run(push, { message: "all" })).toMatchObject({
    committed: true,
    ignored: ["d/x.log", "dist/app.js"],
  });
  expect(remoteFile("dist/kept.js")).toBe("k2");
  expect(await home.run(push)).toMatchObject({ committed: false, ignored: ["d/x.log", "dist/app.js"] });
  expect(await home.failure(push, { files: ["dist/app.js"] })).toMatchObject({ field: "message" });
  expect(await home.run(push, { message: "by name", files: ["dist/app.js"] })).toMatchObject({
    committed: true,
    ignored: ["d/x.log"],
  });
  expect(remoteFile("dist/app.js")).toBe("x");
  await home.run(edit, { files: [{ path: "d/x.log", delete: true }] });
  expect(await home.run(push, { message: "m" })).not.toHaveProperty("ignored");
});

test("a rule that the same edit makes counts, and one of a folder", async () => {
  const { changed } = await home.run(edit, {
    files: [
      { path: "new/.gitignore", content: "/*.tmp\n" },
      { path: "new/x.tmp", content: "x\n" },
      { path: "new/in/x.tmp", content: "x\n" },
    ],
    patch: "--- /dev/null\n+++ b/new/y.tmp\n@@ -0,0 +1 @@\n+y\n",
  });
  expect(changed.filter((entry) => entry.ignored_by !== undefined)).toEqual([
    { path: "new/x.tmp", change: "added", ignored_by: "new/.gitignore:1:/*.tmp" },
    { path: "new/y.tmp", change: "added", ignored_by: "new/.gitignore:1:/*.tmp" },
  ]);
});

test("a file named in a push need not be in the folder that is named beside it", async () => {
  await home.run(edit, {
    files: [
      { path: "dist/app.js", content: "x\n" },
      { path: "d/a", content: "a\n" },
      { path: "d/b.log", content: "b\n" },
      { path: "other", content: "o\n" },
    ],
  });
  const { ignored } = await home.run(push, { message: "m", files: ["dist/app.js", "d"] });
  expect(ignored).toEqual(["d/b.log"]);
  expect(git(seed.bare, "diff", "--name-only", "main", BRANCH).split("\n")).toEqual(["d/a", "dist/app.js"]);
});

test.each([
  ["vendor/sub/new.txt", { content: "x\n" }, "vendor/sub"],
  ["vendor/sub", { delete: true }, "vendor/sub"],
  ["bare/module/deep/new.txt", { content: "x\n" }, "bare/module"],
])("%s: a path in a submodule is refused", async (path, action, module) => {
  const before = treeOf(home);
  const failed = await home.failure(edit, {
    files: [
      { path: "a.txt", content: "2\n" },
      { path, ...action },
    ],
  });
  expect(failed).toMatchObject({ code: "invalid_input", field: "files.1.path" });
  expect(failed.message).toContain(`is in the submodule '${module}'`);
  expect(treeOf(home)).toEqual(before);
});

test("a push that names a path in a submodule says so", async () => {
  write(home, { "vendor/sub/new.txt": "x\n" });
  const failed = await home.failure(push, { message: "m", files: ["vendor/sub/new.txt"] });
  expect(failed).toMatchObject({ code: "invalid_input" });
  expect(failed.message).toContain("is in submodule 'vendor/sub'");
});

test("a filter that does not run here is told", async () => {
  const { changed } = await home.run(edit, { files: [{ path: "secret/key", content: "k\n" }] });
  expect(changed).toEqual([{ path: "secret/key", change: "added", filter: "git-crypt" }]);
});

test("a text is written with the encoding that the file has in the tree", async () => {
  const utf16 = (text: string) => Buffer.from(text, "utf16le");
  const inTree = (path: string) => readFileSync(join(home.tree, path));
  await home.run(edit, {
    files: [
      { path: "new.u16", content: "é\u{1f333}\n" },
      { path: "be.u16", base64: utf16("\ufeffone\r\n").swap16().toString("base64") },
      { path: "x.le", content: "a\n" },
    ],
  });
  expect(inTree("new.u16")).toEqual(utf16("\ufeffé\u{1f333}\n"));
  expect(inTree("x.le")).toEqual(utf16("a\n"));
  const patch = "--- a/new.u16\n+++ b/new.u16\n@@ -1 +1,2 @@\n é\u{1f333}\n+日\n";
  const { changed } = await home.run(edit, { files: [{ path: "be.u16", content: "two\nthree\n" }], patch });
  expect(changed).toContainEqual({ path: "be.u16", change: "modified", kept: ["crlf"] });
  await home.run(edit, { files: [{ path: "be.u16", old: "two\nthree", new: "2\n3" }] });
  expect(inTree("be.u16").swap16()).toEqual(utf16("\ufeff2\r\n3\r\n"));
  await home.run(push, { message: "m" });
  expect(remoteFile("new.u16")).toBe("é\u{1f333}\n日");
  expect(remoteFile("x.le")).toBe("a");
});

test("a text with an encoding that is not known here, or for bytes that are not of it, is refused", async () => {
  for (const path of ["x.jis", "odd.u16"]) {
    const { changed } = await home.run(edit, { files: [{ path, base64: "YWJj" }] });
    expect(changed).toEqual([{ path, change: "added" }]);
    const failed = await home.failure(edit, { files: [{ path, old: "a", new: "b" }] });
    expect(failed).toMatchObject({ code: "invalid_input", field: "files.0" });
    expect(failed.message).toContain("use 'base64'");
    expect(readFileSync(join(home.tree, path), "utf8")).toBe("abc");
  }
});

test("rules that git reads otherwise than a shell are found as well", async () => {
  writeFileSync(
    join(home.tree, ".gitignore"),
    "a[!b]c\n\\#x\n\\!y\nd/**/e\n**/f\nq?\n/anchored/\nsp ace  \n**/g/*h*i*j*k\n",
  );
  const ignored = ["axc", "#x", "!y", "d/e", "d/1/2/e", "1/2/f", "qq", "anchored/in", "sp ace", "1/g/hijk"];
  const free = ["abc", "x", "e", "in/anchored/x", "q"];
  const { changed } = await home.run(edit, { files: [...ignored, ...free].map((path) => ({ path, content: "x\n" })) });
  const told = changed.filter((entry) => entry.ignored_by !== undefined).map(({ path }) => path);
  expect(told.toSorted()).toEqual(ignored.toSorted());
});

const rule = fc.string({
  unit: fc.constantFrom("a", "b", "c", "*", "**", "?", "[ab]", "[!a]", "/", "\\", ".", " ", "!", "#"),
  minLength: 1,
  maxLength: 6,
});
const segment = fc.string({ unit: fc.constantFrom("a", "b", "c", ".", " ", "!", "#"), minLength: 1, maxLength: 3 });
const ruledPath = fc
  .array(segment, { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join("/"))
  .filter((path) => treePath.safeParse(path).data === path);

test("whatever git ignores is told, whatever the rules", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(rule, { minLength: 1, maxLength: 4 }),
      fc.array(rule, { maxLength: 2 }),
      fc.uniqueArray(ruledPath, { minLength: 1, maxLength: 12 }),
      async (top, below, names) => {
        const paths = names.filter((path) => !names.some((other) => other.startsWith(`${path}/`)));
        writeFileSync(join(home.tree, ".gitignore"), `${top.join("\n")}\n`);
        const files = [
          ...(paths.some((path) => path.startsWith("a/"))
            ? [{ path: "a/.gitignore", content: `${below.join("\n")}\n` }]
            : []),
          ...paths.map((path) => ({ path, content: "x\n" })),
        ];
        const { changed } = await home.run(edit, { files });
        const told = changed.filter((entry) => entry.ignored_by !== undefined).map(({ path }) => path);
        const input = files.map(({ path }) => `./${path}\0`).join("");
        const asked = spawnSync("git", ["check-ignore", "-z", "--stdin"], { cwd: home.tree, input, encoding: "utf8" });
        const ignored = asked.stdout
          .split("\0")
          .filter(Boolean)
          .map((path) => path.slice(2));
        expect(told.toSorted()).toEqual(ignored.toSorted());
        home.git("clean", "-fdxq");
      },
    ),
    { numRuns: FEW_RUNS * 2 },
  );
});
