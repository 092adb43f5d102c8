import { readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { branch } from "../../src/ops/branch.ts";
import { clone } from "../../src/ops/clone.ts";
import { diff } from "../../src/ops/diff.ts";
import { edit } from "../../src/ops/edit.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { restore } from "../../src/ops/restore.ts";
import { status } from "../../src/ops/status.ts";
import { clonesOf, git, Home, Seed } from "./support.ts";
import { treeOf, write } from "./trees.ts";

/** Files stored with line ends that contradict their attributes. */
const CONTRARY = {
  "w.txt": "one\r\ntwo\r\n",
  "mixed.txt": "one\r\ntwo\n",
  "run.sh": "one\r\ntwo\r\n",
  'in/a*[b]\\"c?.txt': "one\r\n",
  "in/-- \t\n.txt ": "one\r\n",
  "!bang.sh": "one\r\n",
  "looks-binary.txt": "a\rb\r\nc\0\n",
};
const ATTRIBUTES = "*.txt text eol=crlf\n*.txt?  text eol=crlf\n*.sh text eol=lf\n*.md text=auto\n";

let seed: Seed;
let home: Home;

const begin = clonesOf(async () => {
  const origin = new Seed();
  write(origin, { ...CONTRARY, "a.md": "a\n", "auto.md": "one\r\n" });
  origin.publish("without attributes");
  write(origin, { ".gitattributes": ATTRIBUTES, "plain.txt": "one\ntwo\n" });
  publishOnly(origin, "with attributes", ".gitattributes", "plain.txt");
  const cloned = new Home(`file://${origin.bare}`);
  await cloned.run(clone, { agent_id: "ada", task_id: "t1" });
  return { seed: origin, home: cloned };
});

/** Commits the staged files and the given ones: `git add` of all files would convert some. */
function publishOnly(origin: Seed, message: string, ...paths: string[]): void {
  origin.git("add", "--", ...paths);
  origin.git("commit", "-qm", message);
  origin.send();
}

function storeAsIs(...paths: string[]): void {
  for (const path of paths) {
    const stored = seed.git("hash-object", "-w", "--no-filters", path);
    seed.git("update-index", "--add", "--cacheinfo", `100644,${stored},${path}`);
  }
}

beforeEach(async () => {
  ({ seed, home } = await begin());
});

afterEach(() => {
  home.remove();
  seed.remove();
});

/** Sets all files' times, so that git cannot tell by times that nothing has changed, and reads the files. */
function touchAll(): void {
  const at = new Date(Date.now() - 60_000);
  for (const path of Object.keys(treeOf(home))) utimesSync(join(home.tree, path), at, at);
}

async function expectClean(): Promise<void> {
  touchAll();
  expect(await home.run(status)).toMatchObject({ clean: true });
  expect(await home.run(diff)).toMatchObject({ files: [], diff: "" });
}

/** Returns the changes of the newest commit of the agent's branch at the remote. */
const pushed = () => git(seed.bare, "show", "--format=", "--numstat", "agent/ada/t1");

const contentOf = (path: string) => readFileSync(join(home.tree, path), "utf8");

describe("files that are stored with other line ends than their attributes say", () => {
  test("are clean in a new clone and as they are stored; others are as their attributes say", async () => {
    expect(treeOf(home)).toMatchObject(CONTRARY);
    expect(contentOf("plain.txt")).toBe("one\r\ntwo\r\n");
    await expectClean();
  });

  test("an edit of another file is all that a push commits", async () => {
    touchAll();
    await home.run(edit, { files: [{ path: "a.md", content: "b\n" }] });
    await home.run(push, { message: "one" });
    expect(pushed()).toBe("1\t1\ta.md");
    await expectClean();
  });

  test("of an edited file only the edited line changes, in diff and push, and restore brings it back", async () => {
    const files = [{ path: "w.txt", content: "one\r\n2\r\n" }];
    await home.run(edit, { files });
    expect((await home.run(diff)).files).toEqual([{ path: "w.txt", change: "modified", added: 1, deleted: 1 }]);
    await home.run(restore, { paths: ["w.txt"] });
    expect(contentOf("w.txt")).toBe(CONTRARY["w.txt"]);
    await expectClean();
    await home.run(edit, { files });
    await home.run(push, { message: "one" });
    expect(pushed()).toBe("1\t1\tw.txt");
    await expectClean();
  });

  test("a pull brings a new one, one that was changed and one that was mended; uncommitted changes stay", async () => {
    await home.run(edit, { files: [{ path: "run.sh", content: "mine\r\n" }] });
    touchAll();
    write(seed, { "w.txt": "1\r\ntwo\r\n", "new.sh": "new\r\n", "mixed.txt": "one\ntwo\n" });
    storeAsIs("w.txt", "new.sh", "mixed.txt");
    publishOnly(seed, "more");
    expect(seed.git("cat-file", "-s", "HEAD:new.sh")).toBe(String("new\r\n".length));
    expect(await home.run(pull)).toMatchObject({ how: "fast_forward" });
    expect((await home.run(status)).modified).toEqual([{ path: "run.sh", change: "modified" }]);
    await home.run(restore, { all: true });
    await expectClean();
    expect(treeOf(home)).toMatchObject({ "w.txt": "1\r\ntwo\r\n", "new.sh": "new\r\n" });
    // This file is stored as its attribute says again, so the attribute counts again.
    await home.run(edit, { files: [{ path: "mixed.txt", content: "one\r\n2\r\n" }] });
    await home.run(push, { message: "mixed" });
    expect(git(seed.bare, "cat-file", "-p", "agent/ada/t1:mixed.txt")).toBe("one\n2");
    expect(pushed()).toBe("1\t1\tmixed.txt");
  });

  test("a switch to a branch with other attributes and back", async () => {
    await home.run(branch, { name: "before", create: true, from: "origin/main~1" });
    await expectClean();
    await home.run(edit, { files: [{ path: "w.txt", content: "two\r\n" }] });
    await home.run(push, { message: "w" });
    expect(git(seed.bare, "cat-file", "-s", "before:w.txt")).toBe(String("two\r\n".length));
    await home.run(branch, { name: "agent/ada/t1" });
    await expectClean();
    expect(contentOf("mixed.txt")).toBe(CONTRARY["mixed.txt"]);
  });

  test("attributes that the caller writes convert no file that was not touched", async () => {
    await home.run(edit, { files: [{ path: ".gitattributes", content: `${ATTRIBUTES}auto.md text\n` }] });
    touchAll();
    await home.run(push, { message: "attributes" });
    expect(pushed()).toBe("1\t0\t.gitattributes");
    await expectClean();
  });
});

describe("files that were changed and changed back", () => {
  const changedBack = async () => {
    for (const content of ["other\n", "a\n"]) await home.run(edit, { files: [{ path: "a.md", content }] });
    touchAll();
    write(seed, { "a.md": "theirs\n" });
    seed.git("commit", "-qm", "theirs", "a.md");
    seed.send();
  };

  test.each([true, false])("are not in the way of a pull (rebase: %s)", async (rebase) => {
    await home.run(edit, { files: [{ path: "mine.md", content: "mine\n" }] });
    await home.run(push, { message: "mine" });
    await changedBack();
    expect(await home.run(pull, { rebase })).toMatchObject({ behind: 1, ahead: 1 });
    expect(contentOf("a.md")).toBe("theirs\n");
  });

  test("are not in the way of a push that was put on top", async () => {
    await changedBack();
    await home.run(edit, { files: [{ path: "mine.md", content: "mine\n" }] });
    const sent = await home.run(push, { message: "mine", to: "main", files: ["mine.md"] });
    expect(sent).toMatchObject({ rebased: true, tree: "current" });
    expect(contentOf("a.md")).toBe("theirs\n");
  });

  test("are not in the way of a switch", async () => {
    await changedBack();
    await home.run(branch, { name: "before", create: true, from: "origin/main~1" });
    expect(contentOf("a.md")).toBe("a\n");
  });
});
