import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseInput } from "../../src/execution/parse-input.ts";
import { diff } from "../../src/ops/diff.ts";
import { edit } from "../../src/ops/edit.ts";
import { log } from "../../src/ops/log.ts";
import { push } from "../../src/ops/push.ts";
import { read } from "../../src/ops/read.ts";
import { restore } from "../../src/ops/restore.ts";
import { search } from "../../src/ops/search.ts";
import { status } from "../../src/ops/status.ts";
import { cloneForEach, type Home } from "./support.ts";
import { write } from "./trees.ts";

let home: Home;

cloneForEach(
  (origin) => {
    write(origin, { "a.txt": "one\n", "src/a.c": "one\n", "src/lib/b.c": "one\n" });
    origin.publish("first");
  },
  {},
  (made) => ({ home } = made),
);

const ROOTS = ["/", ".", "./", ""];
const FOLDERS = ["src", "src/", "./src", "/src", "/src//"];

test.each(ROOTS)("the root folder as %j is everything", async (path) => {
  write(home, { "src/a.c": "two\n", "new.txt": "two\n" });
  const entries = await home.run(read, { path });
  expect(entries.entries?.map((entry) => entry.name).toSorted()).toEqual(["a.txt", "new.txt", "src"]);
  expect(await home.run(diff, { file: path })).toEqual(await home.run(diff, {}));
  expect(await home.run(search, { pattern: "o", path })).toEqual(await home.run(search, { pattern: "o" }));
  expect(await home.run(log, { path })).toEqual(await home.run(log, {}));
});

test.each(FOLDERS)("a folder as %s is the folder", async (path) => {
  write(home, { "a.txt": "two\n", "src/a.c": "two\n", "src/new.c": "two\n" });
  expect(await home.run(diff, { file: path })).toMatchObject({ files: [{ path: "src/a.c" }, { path: "src/new.c" }] });
  const { matches } = await home.run(search, { pattern: "two", path });
  expect(matches.map((match) => match.path)).toEqual(["src/a.c", "src/new.c"]);
  expect((await home.run(log, { path })).commits).toHaveLength(1);
  expect(await home.run(restore, { paths: [path] })).toMatchObject({ restored: ["src/a.c"], removed: ["src/new.c"] });
  expect(await home.run(status, {})).toMatchObject({ modified: [{ path: "a.txt" }], untracked: [] });
  write(home, { "src/a.c": "three\n" });
  await home.run(push, { message: "m", files: [path] });
  expect(home.git("show", "--name-only", "--format=", "HEAD")).toBe("src/a.c");
});

test.each(["/", ".", "./", "*"])("a push of %s is a push of every change", async (path) => {
  write(home, { "a.txt": "two\n", "src/new.c": "two\n" });
  await home.run(push, { message: "m", files: ["src", path] });
  expect(await home.run(status, {})).toMatchObject({ clean: true });
});

test("a push of * is of the file with this name, if there is one", async () => {
  write(home, { "*": "star\n", "a.txt": "two\n" });
  await home.run(push, { message: "m", files: ["*"] });
  expect(await home.run(status, {})).toMatchObject({ modified: [{ path: "a.txt" }], untracked: [] });
});

test("a restore of the root folder discards every change", async () => {
  write(home, { "a.txt": "two\n", "src/new.c": "two\n", "new.txt": "" });
  const { restored, removed } = await home.run(restore, { paths: ["/"] });
  expect({ restored, removed: removed.toSorted() }).toEqual({ restored: ["a.txt"], removed: ["new.txt", "src/new.c"] });
});

test("what status answers is a path for every operation", async () => {
  write(home, { "a.txt": "two\n", "x/y.txt": "two\n" });
  mkdirSync(join(home.tree, "nothing"));
  const { modified, untracked } = await home.run(status, {});
  expect(untracked).toEqual(["x/"]);
  for (const path of [...modified.map((entry) => entry.path), ...untracked]) {
    expect((await home.run(read, { path })).kind).toBe(path === "x/" ? "folder" : "file");
    expect((await home.run(diff, { file: path })).files).toHaveLength(1);
    expect((await home.run(search, { pattern: "two", path })).matches).toHaveLength(1);
    await home.run(log, { path });
  }
  await home.run(push, { message: "m", files: untracked });
  await home.run(restore, { paths: modified.map((entry) => entry.path) });
  expect(await home.run(status, {})).toMatchObject({ clean: true });
});

test("an edit of ./x is an edit of x, and one that names both is refused", async () => {
  await home.run(edit, {
    files: [
      { path: "./n.txt", content: "n\n" },
      { path: "/a.txt", move_to: "src//a.txt" },
    ],
  });
  expect(await home.run(status, {})).toMatchObject({ total: 3 });
  const twice = {
    sandbox_id: "s0-4k7m2x9qwe3rty5zpbna",
    files: [
      { path: "x", content: "" },
      { path: "./x", content: "" },
    ],
  };
  expect(() => parseInput(edit.input, twice)).toThrow("files.1.path: is named twice");
});
