import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { branch } from "../../src/ops/branch.ts";
import { clone } from "../../src/ops/clone.ts";
import { edit } from "../../src/ops/edit.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { restore } from "../../src/ops/restore.ts";
import type { Seed } from "./support.ts";
import { cloneForEach, Home } from "./support.ts";

let seed: Seed;
let home: Home;

cloneForEach(
  (origin) => {
    mkdirSync(join(origin.tree, "dir"));
    writeFileSync(join(origin.tree, "dir/c"), "1\n");
    mkdirSync(join(origin.tree, "out"));
    writeFileSync(join(origin.tree, "out/there"), "1\n");
    origin.publish("first");
    origin.send("older");
  },
  { sparse: ["dir"], branch: "older" },
  (made) => ({ seed, home } = made),
);

/** Writes a file that the remote adds under the same name. @returns reads the workspace's file */
function bothWrite(path: string): () => string {
  mkdirSync(join(seed.tree, path, ".."), { recursive: true });
  writeFileSync(join(seed.tree, path), "theirs\n");
  mkdirSync(join(home.tree, path, ".."), { recursive: true });
  writeFileSync(join(home.tree, path), "mine\n");
  return () => readFileSync(join(home.tree, path), "utf8");
}

test.each(["new", "out/new", "out/there", "dir/c"])("%s, uncommitted, is not overwritten by a switch", async (path) => {
  const mine = bothWrite(path);
  seed.publish("theirs");
  expect(await home.failure(pull, { from: "main" })).toMatchObject({ code: "dirty_tree" });
  expect(await home.failure(branch, { name: "main" })).toMatchObject({ code: "dirty_tree" });
  expect(await home.failure(branch, { name: "fresh", create: true, from: "origin/main" })).toMatchObject({
    code: "dirty_tree",
    message: expect.stringContaining(path),
  });
  expect(mine()).toBe("mine\n");
  expect(home.git("rev-parse", "--abbrev-ref", "HEAD")).toBe("older");
});

test.each(["new", "out/new", "out/there", "dir/c"])("%s, uncommitted, is not overwritten by a pull", async (path) => {
  const mine = bothWrite(path);
  seed.publish("theirs", "older");
  expect(await home.failure(pull)).toMatchObject({ code: "dirty_tree" });
  expect(mine()).toBe("mine\n");
});

test("a merge that uncommitted changes stop leaves a new file where a tracked one was", async () => {
  writeFileSync(join(seed.tree, "dir/c"), "theirs\n");
  seed.publish("theirs", "older");
  await home.run(edit, {
    files: [
      { path: "dir/c", content: "ours\n" },
      { path: "dir/keep", content: "k\n" },
    ],
  });
  await home.run(push, { message: "ours", to: "ours" });
  const files = [
    { path: "dir/keep", delete: true },
    { path: "dir/keep/inner", content: "new\n" },
  ];
  await home.run(edit, { files });
  const inner = join(home.tree, "dir/keep/inner");
  for (const dirty of ["dir/c", undefined]) {
    if (dirty) writeFileSync(join(home.tree, dirty), "dirty\n");
    expect(await home.failure(pull, { rebase: false })).toMatchObject({ code: "dirty_tree" });
    expect(readFileSync(inner, "utf8")).toBe("new\n");
    if (dirty) await home.run(restore, { paths: [dirty] });
  }
});

test("a file that was deleted, and not committed, does not come back changed by a pull or a switch", async () => {
  writeFileSync(join(seed.tree, "dir/c"), "2\n");
  seed.publish("theirs", "older");
  seed.send("main");
  const whole = new Home(home.remote.url);
  await whole.run(clone, { branch: "older", revision: seed.git("rev-parse", "HEAD~1") });
  whole.git("switch", "-qc", "mine");
  rmSync(join(whole.tree, "dir/c"));
  expect(await whole.failure(pull, { from: "older" })).toMatchObject({ code: "dirty_tree" });
  expect(await whole.failure(branch, { name: "main" })).toMatchObject({ code: "dirty_tree" });
  expect(whole.git("status", "--porcelain")).toBe(" D dir/c");
  rmSync(join(whole.tree, "out/there"));
  writeFileSync(join(whole.tree, "dir/c"), "1\n");
  expect(await whole.run(pull, { from: "older" })).toMatchObject({ how: "fast_forward" });
  expect(whole.git("status", "--porcelain")).toBe(" D out/there");
  whole.remove();
});
