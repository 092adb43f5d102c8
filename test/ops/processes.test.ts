import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { apply } from "../../src/ops/apply.ts";
import { blame } from "../../src/ops/blame.ts";
import { branch } from "../../src/ops/branch.ts";
import { clone } from "../../src/ops/clone.ts";
import { diff } from "../../src/ops/diff.ts";
import { edit } from "../../src/ops/edit.ts";
import { log } from "../../src/ops/log.ts";
import type { Operation } from "../../src/ops/operation.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { read } from "../../src/ops/read.ts";
import { restore } from "../../src/ops/restore.ts";
import { search } from "../../src/ops/search.ts";
import { status } from "../../src/ops/status.ts";
import { tag } from "../../src/ops/tag.ts";
import { cloneForEach, Home, type Seed } from "./support.ts";

/**
 * Counts the programs that each operation starts: on a busy machine a start takes longer than most of their work, so
 * each change of a number shows here. Leaves out programs that git starts by itself, and those that continue after the
 * answer (rm among them).
 */

const PROGRAMS =
  "awk cat chmod cmp cp cut date env find flock git grep head ln mkdir mkfifo mv nproc perl rmdir sed sh sleep sort stat tail tee touch tr wc xargs";

const PATH = process.env["PATH"] ?? "";
const folder = mkdtempSync(join(tmpdir(), "warmtree-programs-"));
const started = join(folder, "started");
mkdirSync(join(folder, "bin"));
for (const name of PROGRAMS.split(" ")) {
  const real = PATH.split(delimiter)
    .map((at) => join(at, name))
    .find((path) => existsSync(path));
  if (real === undefined) continue;
  const shim = join(folder, "bin", name);
  // A process that continues by itself has neither variable.
  writeFileSync(
    shim,
    `#!/bin/sh\nif [ -n "$WT_CALL$WT_LOOK" ]; then echo ${name} >>'${started}'; fi\nexec '${real}' "$@"\n`,
  );
  chmodSync(shim, 0o755);
}

let home: Home;
let seed: Seed;
cloneForEach(
  (origin) => {
    writeFileSync(join(origin.tree, "a.txt"), "one\n");
    origin.publish("first");
  },
  { agent_id: "ada", task_id: "t1" },
  (made) => {
    ({ seed, home } = made);
  },
);
afterAll(() => {
  process.env["PATH"] = PATH;
  rmSync(folder, { recursive: true, force: true });
});

async function startsOf(operation: Operation, input: object, at = home): Promise<string> {
  writeFileSync(started, "");
  process.env["PATH"] = `${join(folder, "bin")}${delimiter}${PATH}`;
  try {
    await at.run(operation, input);
  } finally {
    process.env["PATH"] = PATH;
  }
  const names = readFileSync(started, "utf8").split("\n").filter(Boolean);
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Array.from(counts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");
}

const files = (count: number) => Array.from({ length: count }, (_, n) => ({ path: `file ${n}`, content: `${n}\n` }));
const patch = "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n";

// flock(1) exists on Linux; elsewhere perl takes the lock.
const onLinux = test.skipIf(process.platform !== "linux");

onLinux.each([1, 5, 100])("edit of %i files starts one program", async (count) => {
  expect(await startsOf(edit, { files: files(count) })).toBe("1 perl");
});

onLinux.each([1, 5, 100])(
  "edit of %i files beside rules that concern none of them starts one program",
  async (count) => {
    writeFileSync(join(home.tree, ".gitignore"), "node_modules/\n*.log\n!keep.log\n/dist\n");
    writeFileSync(join(home.tree, ".gitattributes"), "* text=auto\n*.bin filter=lfs -text\n");
    writeFileSync(join(home.tree, ".gitmodules"), '[submodule "s"]\n\tpath = vendor/s\n');
    expect(await startsOf(edit, { files: files(count) })).toBe("1 perl");
    const logs = files(count).map(({ path, content }) => ({ path: `${path}.log`, content }));
    expect(await startsOf(edit, { files: logs })).toBe("1 git, 1 perl");
  },
);

onLinux("edit of parts of a file starts one program", async () => {
  const parts = [
    { path: "a.txt", old: "one", new: "two" },
    { path: "a.txt", old: "two", new: "three" },
  ];
  expect(await startsOf(edit, { files: parts })).toBe("1 perl");
});

onLinux.each<[string, Operation, object, string]>([
  ["edit with a patch", edit, { patch }, "1 perl"],
  ["status", status, {}, "1 git"],
  ["log", log, {}, "1 git"],
  ["log of a branch", log, { ref: "HEAD" }, "2 git"],
  ["read of a file", read, { path: "a.txt" }, "1 head, 1 wc"],
  ["read of a folder", read, { path: "" }, "1 stat"],
  ["search", search, { pattern: "o" }, "1 cut, 1 git, 1 head"],
  ["blame", blame, { path: "a.txt" }, "1 cut, 2 git"],
  ["list of tags", tag, {}, "1 git"],
  ["list of branches", branch, {}, "3 git"],
  ["new tag", tag, { name: "v1" }, "1 flock, 5 git, 1 perl"],
  ["new branch", branch, { name: "x", create: true }, "1 flock, 10 git, 1 grep"],
  ["push of nothing", push, {}, "1 flock, 15 git, 1 grep, 1 head, 1 perl"],
  ["pull of nothing", pull, {}, "1 flock, 11 git, 1 tee"],
])("%s", async (_, operation, input, expected) => {
  expect(await startsOf(operation, input)).toBe(expected);
});

onLinux("work that was edited: diff, restore, push, revert", async () => {
  await home.run(edit, { files: [{ path: "a.txt", content: "two\n" }, ...files(1)] });
  expect(await startsOf(diff, {})).toBe("3 git, 1 head, 1 ln, 1 mkdir");
  expect(await startsOf(restore, { paths: ["a.txt"] })).toBe("1 flock, 4 git");
  expect(await startsOf(push, { message: "m" })).toBe("1 flock, 16 git, 1 grep, 1 perl");
  expect(await startsOf(apply, { commits: ["HEAD"], revert: true })).toBe("1 flock, 12 git, 1 grep");
});

onLinux("a call with a name: what copies its output, the receipt, and the answer from it", async () => {
  home.once = "1".repeat(32);
  expect(await startsOf(edit, { files: files(1) })).toBe("1 perl");
  expect(await startsOf(edit, { files: files(1) })).toBe("1 perl");
  home.once = "2".repeat(32);
  expect(await startsOf(tag, { name: "v1" })).toBe("1 flock, 5 git, 1 mv, 1 perl, 1 tee");
  expect(await startsOf(tag, { name: "v1" })).toBe("1 flock");
  home.once = "3".repeat(32);
  expect(await startsOf(push, { message: "m" })).toBe("1 flock, 16 git, 1 grep, 1 mv, 1 perl, 1 tee");
  expect(await startsOf(push, { message: "m" })).toBe("1 flock");
});

onLinux("pull of what somebody pushed", async () => {
  seed.receive("main");
  writeFileSync(join(seed.tree, "b.txt"), "b\n");
  seed.publish("second", "main");
  expect(await startsOf(pull, {})).toBe("1 flock, 18 git, 3 grep, 2 head, 1 tee, 2 tr");
});

onLinux("clone, and the same again", async () => {
  const other = new Home(home.remote.url);
  onTestFinished(() => other.remove());
  const who = { agent_id: "bob", task_id: "t1" };
  expect(await startsOf(clone, who, other)).toBe("1 flock, 6 git, 1 grep, 2 ln, 2 mkdir, 1 mv, 1 tee");
  expect(await startsOf(clone, who, other)).toBe("1 flock, 1 git");
});
