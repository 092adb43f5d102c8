import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { branch } from "../../src/ops/branch.ts";
import { clone } from "../../src/ops/clone.ts";
import { diff } from "../../src/ops/diff.ts";
import { edit } from "../../src/ops/edit.ts";
import { log } from "../../src/ops/log.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { read } from "../../src/ops/read.ts";
import { search } from "../../src/ops/search.ts";
import { seed as makeSeed } from "../../src/ops/probes/base-clone.ts";
import { status } from "../../src/ops/status.ts";
import { cloneForEach, git, Home, Seed } from "./support.ts";

let seed: Seed;
let home: Home;
/** Commits of main, oldest first. */
let first: string;
let second: string;

cloneForEach(
  (origin) => {
    for (const content of ["first\n", "second\n"]) {
      writeFileSync(join(origin.tree, "a.txt"), content);
      origin.publish(content.trim());
    }
  },
  { agent_id: "ada", task_id: "t1" },
  (made) => {
    ({ seed, home } = made);
    [second = "", first = ""] = seed.git("rev-list", "main").split("\n");
  },
);

async function cloneOf(input: object): Promise<Home> {
  const made = new Home(home.remote.url);
  await made.run(clone, input);
  return made;
}

describe("one reading where only one is possible, else the right spelling", () => {
  test("every operation reads full names", async () => {
    await home.run(edit, { files: [{ path: "new.txt", content: "new\n" }] });
    expect(await home.run(push, { message: "new", to: "refs/heads/feature" })).toMatchObject({ to: "feature" });
    expect(git(seed.bare, "for-each-ref", "--format=%(refname)", "refs/heads")).toBe(
      "refs/heads/feature\nrefs/heads/main",
    );
    for (const [n, from] of [
      "refs/heads/main",
      "refs/remotes/origin/main",
      "remotes/origin/main",
      "origin/main",
    ].entries()) {
      const made = await home.run(branch, { name: `refs/heads/n${n}`, create: true, from });
      expect(made).toMatchObject({ current: `n${n}`, upstream: "origin/main" });
    }
    const other = await cloneOf({ branch: "refs/heads/main" });
    expect(await other.run(status)).toMatchObject({ branch: "main", upstream: "origin/main" });
    other.remove();
  });

  test("where a branch is asked for and the name is a commit's, the way to a branch is told", async () => {
    const short = first.slice(0, 7);
    home.git("tag", "v1", first);
    for (const name of [short, "v1"]) {
      expect(await home.failure(branch, { name })).toMatchObject({
        code: "ref_not_found",
        field: "name",
        message: expect.stringContaining(`from: "${name}"`),
      });
    }
    expect(await home.failure(branch, { name: short, create: true })).toMatchObject({
      code: "invalid_input",
      field: "name",
      message: expect.stringContaining("SHA"),
    });
    expect(home.git("branch", "--list", short)).toBe("");
    await expect(home.run(branch, { name: "origin/x", create: true })).rejects.toThrow(/omit it/);
  });
});

test("a tag that is called as a branch of the remote is in nobody's way", async () => {
  for (const name of ["origin/main", "main", "origin/agent/ada/t2"]) seed.git("tag", name, second);
  seed.git("push", "-q", "origin", "--tags");
  const tagged = await cloneOf({ agent_id: "ada", task_id: "t2" });
  expect(await tagged.run(status)).toMatchObject({ branch: "agent/ada/t2", upstream: "origin/main" });
  expect(await tagged.run(branch, { name: "n2", create: true, from: "main" })).toMatchObject({
    upstream: "origin/main",
  });
  await tagged.run(branch, { name: "agent/ada/t2" });
  writeFileSync(join(seed.tree, "a.txt"), "third\n");
  seed.publish("third");
  expect(await tagged.run(pull)).toMatchObject({ branch: "agent/ada/t2", from: "main", behind: 1 });
  expect(await tagged.run(branch, { name: "main" })).toMatchObject({ current: "main", upstream: "origin/main" });
  expect(await tagged.run(pull)).toMatchObject({ branch: "main", from: "main", behind: 1 });
  await tagged.run(edit, { files: [{ path: "new.txt", content: "new\n" }] });
  expect(await tagged.run(push, { message: "new" })).toMatchObject({ branch: "main", to: "main" });
  expect(await tagged.run(branch, { name: "n3", create: true })).toMatchObject({
    current: "n3",
    upstream: "origin/main",
    head: tagged.git("rev-parse", "refs/heads/main"),
  });
  tagged.remove();
  const plain = await cloneOf({});
  expect(await plain.run(status)).toMatchObject({ branch: "main", upstream: "origin/main" });
  plain.remove();
  const snapshot = new Home(home.remote.url);
  expect(await snapshot.perform(makeSeed)).toMatchObject({ branch: "main" });
  snapshot.remove();
});

test("of a name that a branch and a tag have, no look guesses which is meant", async () => {
  home.git("tag", "main", second);
  const at = (ref: string) => home.run(read, { path: "a.txt", ref });
  // Both are the same commit, so the name is not ambiguous.
  expect(await at("main")).toMatchObject({ content: "second\n" });
  home.git("tag", "-f", "main", first);
  for (const told of [
    await home.failure(read, { path: "a.txt", ref: "main" }),
    await home.failure(log, { ref: "main" }),
    await home.failure(search, { pattern: "s", ref: "main" }),
    await home.failure(diff, { base: "main" }),
    await home.failure(branch, { name: "n", create: true, from: "main" }),
    await home.failure(read, { ref: "main" }),
  ]) {
    expect(told).toMatchObject({ code: "invalid_input", message: expect.stringContaining("'refs/tags/main' the tag") });
  }
  expect(await at("refs/tags/main")).toMatchObject({ content: "first\n" });
  expect(await at("refs/heads/main")).toMatchObject({ content: "second\n" });
  expect(await at("refs/heads/main~1")).toMatchObject({ content: "first\n" });
});

describe("a shallow clone", () => {
  let shallow: Home;
  beforeEach(async () => {
    shallow = await cloneOf({ agent_id: "ada", task_id: "t2", shallow: true });
    await shallow.run(edit, { files: [{ path: "x.txt", content: "x\n" }] });
    await shallow.run(push, { message: "x", to: "feature" });
  });
  afterEach(() => shallow.remove());

  test("can be switched to every branch that is listed", async () => {
    expect((await shallow.run(branch)).branches?.map(({ name }) => name)).toContain("origin/feature");
    expect(await shallow.run(branch, { name: "feature" })).toMatchObject({
      current: "feature",
      upstream: "origin/feature",
    });
    expect(await shallow.run(status)).toMatchObject({ upstream: "origin/feature", ahead: 0, behind: 0 });
    expect(await shallow.run(pull)).toMatchObject({ from: "feature", how: "nothing_new", shallow: true });
  });

  test("a new branch from one of them is made whole", async () => {
    const asked = { name: "n2", create: true, from: "feature" };
    const made = await shallow.run(branch, asked);
    expect(made).toMatchObject({ current: "n2", upstream: "origin/feature" });
    expect(await shallow.run(branch, asked)).toEqual(made);
  });
});

test("a new branch that cannot follow what it is to follow is not made", async () => {
  home.git("update-ref", "refs/remotes/origin/odd", second);
  home.git("config", "remote.origin.fetch", "+refs/heads/main:refs/remotes/origin/main");
  expect(await home.failure(branch, { name: "n", create: true, from: "odd" })).toMatchObject({
    work: { tree: "unchanged" },
  });
  expect(home.git("branch", "--list", "n")).toBe("");
  expect(await home.run(branch)).toMatchObject({ current: "agent/ada/t1" });
});

test("a workspace on a repository that was empty pulls what comes first to its default branch", async () => {
  const empty = new Seed();
  const early = new Home(`file://${empty.bare}`);
  await early.run(clone, { agent_id: "ada", task_id: "t1" });
  // The branch does not exist at the remote yet.
  expect(await early.run(branch)).not.toHaveProperty("upstream");
  writeFileSync(join(empty.tree, "a.txt"), "first\n");
  empty.publish("first");
  expect(await early.run(pull)).toMatchObject({ branch: "agent/ada/t1", from: "main", how: "fast_forward" });
  expect(await early.run(branch, { name: "main" })).toMatchObject({ current: "main", upstream: "origin/main" });
  early.remove();
  empty.remove();
});
