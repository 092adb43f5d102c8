import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clone } from "../../src/ops/clone.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { status } from "../../src/ops/status.ts";
import type { Seed } from "./support.ts";
import { cloneForEach, git, Home } from "./support.ts";

let seed: Seed;
let home: Home;

const write = (path: string, text: string) => writeFileSync(join(home.tree, path), text);
const read = (path: string) => readFileSync(join(home.tree, path), "utf8");

function commitAt(path: string, text: string, branch = "main"): string {
  writeFileSync(join(seed.tree, path), text);
  return seed.publish(`change ${path}`, branch);
}

cloneForEach(
  (origin) => {
    writeFileSync(join(origin.tree, "a.txt"), "1\n2\n3\n");
    origin.publish("change a.txt");
  },
  { agent_id: "ada", task_id: "t1" },
  (made) => ({ seed, home } = made),
);

function commitHere(path: string, text: string, at = home): void {
  writeFileSync(join(at.tree, path), text);
  at.git("add", "-A");
  at.git("-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-qm", `local ${path}`);
}

test("nothing new", async () => {
  expect(await home.run(pull)).toEqual({
    branch: "agent/ada/t1",
    from: "main",
    head: seed.git("rev-parse", "HEAD"),
    how: "nothing_new",
    behind: 0,
    ahead: 0,
    shallow: false,
  });
});

test("fast-forward keeps uncommitted changes that are not in the way", async () => {
  write("mine", "uncommitted\n");
  const head = commitAt("b.txt", "new\n");
  expect(await home.run(pull)).toMatchObject({ how: "fast_forward", behind: 1, head });
  expect(read("b.txt")).toBe("new\n");
  expect(await home.run(status)).toMatchObject({ untracked: ["mine"], total: 1 });
});

test.each([
  ["a changed file", "a.txt"],
  ["an untracked file", "fresh.txt"],
])("%s in the way: refused, nothing moved", async (_, path) => {
  const before = home.git("rev-parse", "HEAD");
  commitAt(path, "theirs\n");
  write(path, "mine\n");
  expect(await home.failure(pull)).toMatchObject({ code: "dirty_tree", work: { tree: "unchanged" } });
  expect(read(path)).toBe("mine\n");
  expect(home.git("rev-parse", "HEAD")).toBe(before);
});

test("local commits are put on top", async () => {
  commitHere("mine.txt", "mine\n");
  const theirs = commitAt("b.txt", "theirs\n");
  expect(await home.run(pull)).toMatchObject({ how: "rebased", ahead: 1, behind: 1 });
  expect(home.git("rev-parse", "HEAD^")).toBe(theirs);
  expect(home.git("rev-parse", "--abbrev-ref", "HEAD")).toBe("agent/ada/t1");
});

test("a conflict while rebasing: hunks, and the tree as it was, in no unfinished state", async () => {
  commitHere("a.txt", "1\nours\n3\n");
  const head = home.git("rev-parse", "HEAD");
  commitAt("a.txt", "1\ntheirs\n3\n");
  expect(await home.failure(pull)).toMatchObject({
    code: "conflict",
    work: { pushed: false, tree: "unchanged" },
    conflicts: [{ path: "a.txt", kind: "content", line: 2, base: "2", ours: "ours", theirs: "theirs" }],
  });
  expect(home.git("rev-parse", "HEAD")).toBe(head);
  const now = await home.run(status);
  expect(now).toMatchObject({ clean: true });
  expect(now).not.toHaveProperty("unfinished");
});

test("rebase: false merges", async () => {
  commitHere("mine.txt", "mine\n");
  commitAt("b.txt", "theirs\n");
  expect(await home.run(pull, { rebase: false })).toMatchObject({ how: "merged" });
  expect(home.git("rev-list", "--merges", "--count", "HEAD")).toBe("1");
  expect(read("b.txt")).toBe("theirs\n");
});

test("rebase: false leaves conflicts in the files, with all three sides, and a second pull says what to do", async () => {
  commitHere("a.txt", "1\nours\n3\n");
  commitAt("a.txt", "1\ntheirs\n3\n");
  expect(await home.failure(pull, { rebase: false })).toMatchObject({
    code: "conflict",
    work: { tree: "merging" },
    conflicts: [{ path: "a.txt", ours: "ours", theirs: "theirs" }],
  });
  expect(read("a.txt")).toMatch(/<<<<<<< .*\nours\n\|\|\|\|\|\|\| .*\n2\n=======\ntheirs\n>>>>>>> /);
  expect(await home.failure(pull)).toMatchObject({ code: "conflict", message: expect.stringContaining("restore") });
  write("a.txt", "1\nboth\n3\n");
  await home.run(push, { message: "settled" });
  expect(await home.run(status)).toMatchObject({ clean: true });
});

test("a commit that the remote took in another form is dropped", async () => {
  commitHere("b.txt", "same\n");
  const theirs = commitAt("b.txt", "same\n");
  expect(await home.run(pull)).toMatchObject({ how: "fast_forward", head: theirs });
});

test("a remote that was empty at first", async () => {
  const empty = join(seed.path, "empty.git");
  git(seed.path, "init", "-q", "--bare", "-b", "main", empty);
  const fresh = new Home(`file://${empty}`);
  await fresh.run(clone);
  seed.git("push", "-q", empty, "main");
  expect(await fresh.run(pull)).toMatchObject({ how: "fast_forward", behind: 1 });
  expect(existsSync(join(fresh.tree, "a.txt"))).toBe(true);
  fresh.remove();
});

test("a detached HEAD, a branch that went away: said", async () => {
  seed.git("push", "-q", "origin", "main:short");
  home.git("fetch", "-q", home.remote.url, "+refs/heads/*:refs/remotes/origin/*");
  home.git("checkout", "-q", "-b", "short", "--track", "origin/short");
  seed.git("push", "-q", "origin", ":short");
  expect(await home.failure(pull)).toMatchObject({ code: "ref_not_found" });
  home.git("checkout", "-q", "--detach");
  expect(await home.failure(pull)).toMatchObject({ code: "invalid_input" });
});

test("in a shallow clone a branch that went away is forgotten, and may be a folder of branches then", async () => {
  seed.send("short");
  const shallow = new Home(home.remote.url);
  await shallow.run(clone, { shallow: true, branch: "short" });
  git(seed.bare, "branch", "-qm", "short", "short/er");
  expect(await shallow.failure(pull)).toMatchObject({ code: "ref_not_found" });
  expect(await shallow.run(pull, { from: "short/er" })).toMatchObject({ how: "nothing_new" });
  shallow.remove();
});

describe("a shallow clone", () => {
  let shallow: Home;

  beforeEach(async () => {
    for (let n = 0; n < 3; n++) commitAt("c.txt", `${n}\n`);
    shallow = new Home(home.remote.url);
    await shallow.run(clone, { shallow: true, agent_id: "ada", task_id: "t2" });
  });
  afterEach(() => shallow.remove());

  const commits = () => shallow.git("log", "--format=%s").split("\n");

  /** Merges a branch that parted before the clone was made: all its history is new to the clone. */
  function mergeOldBranch(): string {
    seed.git("checkout", "-q", "-B", "topic", "HEAD~2");
    commitAt("topic.txt", "1\n", "topic");
    seed.git("checkout", "-q", "main");
    seed.git("merge", "-q", "--no-ff", "-m", "merge", "topic");
    return seed.send();
  }

  test("pulls what came after and stays as deep as it is, whatever was merged", async () => {
    const head = mergeOldBranch();
    expect(await shallow.run(pull)).toMatchObject({ how: "fast_forward", behind: 1, head, shallow: true });
    expect(existsSync(join(shallow.tree, "topic.txt"))).toBe(true);
    expect(commits()).toEqual(["merge"]);
    expect(await shallow.run(pull)).toMatchObject({ how: "nothing_new", shallow: true });
  });

  test("puts its own commits on top without fetching older ones", async () => {
    commitHere("mine.txt", "mine\n", shallow);
    mergeOldBranch();
    expect(await shallow.run(pull)).toMatchObject({ how: "rebased", ahead: 1, shallow: true });
    expect(commits()).toEqual(["local mine.txt", "merge"]);
    expect(await shallow.run(push)).toMatchObject({ pushed: true, to: "agent/ada/t2" });
  });

  test("merges where asked, with as much history as that takes", async () => {
    commitHere("mine.txt", "mine\n", shallow);
    mergeOldBranch();
    expect(await shallow.run(pull, { rebase: false })).toMatchObject({ how: "merged", ahead: 1, behind: 2 });
    expect(await shallow.run(status)).toMatchObject({ clean: true });
  });

  test("gets older commits by deepen, by and by all of them", async () => {
    expect(await shallow.run(pull, { deepen: 1 })).toMatchObject({ how: "nothing_new", shallow: true });
    expect(commits()).toHaveLength(2);
    commitAt("d.txt", "new\n");
    expect(await shallow.run(pull)).toMatchObject({ how: "fast_forward", behind: 1, shallow: true });
    expect(commits()).toHaveLength(2);
    commitAt("e.txt", "new\n");
    expect(await shallow.run(pull, { deepen: 1000 })).toMatchObject({ how: "fast_forward", behind: 1, shallow: false });
    expect(commits()).toHaveLength(6);
    expect(await shallow.run(pull, { deepen: 1 })).toMatchObject({ how: "nothing_new", shallow: false });
    expect(commits()).toHaveLength(6);
  });
});

test("a workspace without a clone", async () => {
  const bare = new Home(home.remote.url);
  for (const operation of [pull, push, status]) {
    expect(await bare.failure(operation)).toMatchObject({ code: "not_cloned" });
  }
  bare.remove();
});
