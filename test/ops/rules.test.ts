import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { apply } from "../../src/ops/apply.ts";
import { branch } from "../../src/ops/branch.ts";
import { clone } from "../../src/ops/clone.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { restore } from "../../src/ops/restore.ts";
import { status } from "../../src/ops/status.ts";
import { tag } from "../../src/ops/tag.ts";
import { glpat, keyFile } from "./fake-secrets.ts";
import { cloneForEach, git, Home, policyWith, Seed } from "./support.ts";

const CI = ".github/workflows/ci.yml";

let seed: Seed;
let home: Home;
const homes: Home[] = [];
cloneForEach(
  (origin) => {
    mkdirSync(join(origin.tree, dirname(CI)), { recursive: true });
    writeFileSync(join(origin.tree, CI), "on: push\n");
    writeFileSync(join(origin.tree, "a.txt"), "one\n");
    origin.publish("first");
  },
  { agent_id: "ada", task_id: "t1" },
  (made) => {
    ({ seed, home } = made);
  },
);
afterEach(() => {
  for (const made of homes.splice(0)) made.remove();
});

function write(path: string, content: string, at: { readonly tree: string } = home): void {
  mkdirSync(dirname(join(at.tree, path)), { recursive: true });
  writeFileSync(join(at.tree, path), content);
}

const head = () => home.git("rev-parse", "HEAD");
const pushed = (...args: string[]) => git(seed.bare, "show", "--format=", "--name-only", "agent/ada/t1", ...args);

/** Expects a push to be refused, with commits, index and files unchanged. @returns the broken rules */
async function refused(input: object) {
  const [before, files] = [head(), home.git("status", "--porcelain", "-uall")];
  const failure = await home.failure(push, input);
  expect(failure).toMatchObject({ code: "rule_broken", work: { pushed: false } });
  expect(failure.work).not.toHaveProperty("committed");
  expect(head()).toBe(before);
  expect(home.git("status", "--porcelain", "-uall")).toBe(files);
  return failure.rules ?? [];
}

describe("paths", () => {
  test.each<[string, () => void]>([
    ["is changed", () => write(CI, "on: pull_request\n")],
    ["is deleted", () => rmSync(join(home.tree, CI))],
    ["gets another mode", () => chmodSync(join(home.tree, CI), 0o755)],
    ["is moved away", () => renameSync(join(home.tree, CI), join(home.tree, "ci.yml"))],
  ])("a file %s: nothing is committed, and restore is the way out", async (_, change) => {
    change();
    write("b.txt", "b\n");
    const rules = await refused({ message: "m" });
    expect(rules).toEqual([{ rule: "paths", path: CI, detail: expect.stringContaining(`restore {paths: ["${CI}"]}`) }]);
    await home.run(restore, { paths: [CI] });
    await home.run(push, { message: "m" });
    expect(pushed()).not.toContain(CI);
    expect(pushed()).toContain("b.txt");
  });

  test("files: only what is committed counts", async () => {
    write(CI, "on: pull_request\n");
    write("b.txt", "b\n");
    await home.run(push, { message: "m", files: ["b.txt"] });
    expect(await refused({ message: "m", files: [".github"] })).toMatchObject([{ path: CI }]);
    expect(await refused({ message: "m", files: [CI] })).toMatchObject([{ path: CI }]);
  });

  test("of the operator's own, in whatever names there are, every file is told of at once", async () => {
    home.policy = policyWith({ paths: ["**/*.lock", "in [brackets]/**", "é*", "$(id)/{a,b}"] });
    const broken = ["b.lock", "x/y/c.lock", "in [brackets]/a\nb", "été", "$(id)/{a,b}"];
    const kept = [CI, "lock", "b.lock.txt", "in b/x", "-x", "$(id)/a", "x\ty", '"q"', "'"];
    for (const path of [...broken, ...kept]) write(path, `${path}\n`);
    const rules = await refused({ message: "m" });
    expect(new Set(rules.map(({ path }) => path))).toEqual(new Set(broken));
    await home.run(restore, { paths: broken });
    expect(await home.run(push, { message: "m" })).toMatchObject({ pushed: true });
    expect(pushed("-z").split("\0").filter(Boolean).sort()).toEqual(kept.toSorted());
  });
});

describe("size", () => {
  test("of a file, also of one that git would not show", async () => {
    home.policy = policyWith({ max_file_bytes: 100_000 });
    write("fits", "x".repeat(100_000));
    write("large.bin", "\0".repeat(100_001));
    const rules = await refused({ message: "m" });
    expect(rules).toMatchObject([{ rule: "max_file_bytes", path: "large.bin" }]);
    expect(rules[0]?.detail).toContain("has 100001 bytes, and a file may have 100000.");
    write(".gitignore", "*.bin\n");
    await home.run(push, { message: "m" });
    expect(pushed()).toBe(".gitignore\nfits");
  });

  test("of a push: what is moved is not new, and copies count once", async () => {
    home.policy = policyWith({ max_push_bytes: 1000 });
    write("one", "x".repeat(600));
    write("copy", "x".repeat(600));
    await home.run(push, { message: "m" });
    home.git("mv", "one", "moved");
    write("two", "y".repeat(900));
    await home.run(push, { message: "m" });
    write("three", "z".repeat(600));
    write("four", "w".repeat(600));
    const rules = await refused({ message: "m" });
    expect(rules).toMatchObject([{ rule: "max_push_bytes" }]);
    expect(rules[0]?.detail).toContain("have 1200 bytes together");
    await home.run(push, { message: "m", files: ["three"] });
    await home.run(push, { message: "m" });
  });

  test("of a push in files; a folder that is ignored then stays out", async () => {
    home.policy = policyWith({ max_files: 20 });
    for (let n = 0; n < 21; n++) write(`node_modules/${n}`, `${n}\n`);
    const rules = await refused({ message: "m" });
    expect(rules).toMatchObject([{ rule: "max_files" }]);
    expect(rules[0]?.detail).toContain("changes 21 files");
    write(".gitignore", "node_modules\n");
    await home.run(push, { message: "m" });
    expect(pushed()).toBe(".gitignore");
  });

  test("without rules about contents, none is read", async () => {
    home.policy = policyWith({ secrets: "off", max_file_bytes: 10 });
    write("large", "x".repeat(11));
    write("key", "k");
    expect(await refused({ message: "m" })).toMatchObject([{ rule: "max_file_bytes", path: "large" }]);
  });
});

test("all reasons come at once", async () => {
  home.policy = policyWith({ max_file_bytes: 1000, max_files: 2, max_push_bytes: 1000 });
  write(CI, "on: pull_request\n");
  write("large", "x".repeat(1001));
  write("key.pem", keyFile());
  const rules = await refused({ message: "m" });
  expect(rules.map((told) => told.rule).sort()).toEqual([
    "max_file_bytes",
    "max_files",
    "max_push_bytes",
    "paths",
    "secrets",
  ]);
  expect((await home.failure(push, { message: "m" })).message).toContain("'rules' has all 5 reasons.");
});

test("of many reasons the first hundred, and that there are more", async () => {
  for (let n = 0; n < 120; n++) write(`k${n}`, keyFile("", n));
  const failure = await home.failure(push, { message: "m" });
  expect(failure.truncated).toBe(true);
  expect(failure.rules).toHaveLength(100);
});

describe("commits that were made before the push", () => {
  test("a cherry-pick: refused by its id, taken back, then pushed without it", async () => {
    seed.receive();
    write(CI, "on: pull_request\n", seed);
    const sha = seed.publish("theirs", "theirs");
    await home.run(pull);
    const { applied } = await home.run(apply, { commits: ["origin/theirs"] });
    expect(sha).toBe(git(seed.bare, "rev-parse", "theirs"));
    const [made] = applied;
    const rules = await refused({});
    expect(rules).toMatchObject([{ rule: "paths", path: CI, commit: made?.sha }]);
    const short = made?.sha.slice(0, 10) ?? "";
    expect(rules[0]?.detail).toContain(`restore {to: "${short}^", keep: true}`);
    await home.run(restore, { to: `${short}^`, keep: true });
    await home.run(restore, { paths: [CI] });
    write("b.txt", "b\n");
    expect(await home.run(push, { message: "m" })).toMatchObject({ pushed: true });
  });

  test("a secret that a later commit removes would leave with the earlier one", async () => {
    write("k", `${glpat()}\n`);
    home.git("add", "k");
    home.git("commit", "-qm", "with it");
    const sha = head();
    write("k", "gone\n");
    home.git("commit", "-qam", "without it");
    expect(await refused({})).toMatchObject([{ rule: "secrets", path: "k", line: 1, commit: sha }]);
    write("b.txt", "b\n");
    expect(await refused({ message: "m" })).toMatchObject([{ path: "k", commit: sha }]);
  });

  test("a secret that a later commit keeps is told of with both", async () => {
    write("k", `${glpat()}\n`);
    home.git("add", "k");
    home.git("commit", "-qm", "with it");
    const sha = head();
    write("k", `more\n${glpat()}\n`);
    const rules = await refused({ message: "m" });
    expect(rules).toHaveLength(2);
    expect(rules).toMatchObject([{ line: 2 }, { line: 1, commit: sha }].toSorted((a, b) => a.line - b.line));
  });

  test("amending the newest is a way out, also with named files alone", async () => {
    write("k", `${glpat()}\n`);
    write("b.txt", "b\n");
    home.git("add", "k", "b.txt");
    home.git("commit", "-qm", "with it");
    expect(await refused({ amend: true })).toMatchObject([{ path: "k", line: 1 }]);
    write("b.txt", "better\n");
    expect(await refused({ amend: true, files: ["b.txt"] })).toMatchObject([{ path: "k", line: 1 }]);
    write("k", "gone\n");
    await home.run(push, { amend: true, files: ["k"] });
    expect(git(seed.bare, "show", "agent/ada/t1:k")).toBe("gone");
    expect(git(seed.bare, "rev-list", "--count", "agent/ada/t1")).toBe("2");
  });

  test("commits of the remote pass as they are: of another branch, also when it is gone", async () => {
    seed.receive();
    writeFileSync(join(seed.tree, CI), keyFile());
    seed.publish("theirs", "theirs");
    await home.run(pull, { from: "theirs", rebase: false });
    git(seed.bare, "update-ref", "-d", "refs/heads/theirs");
    await home.run(pull);
    expect(home.git("branch", "-r")).not.toContain("theirs");
    write("b.txt", "b\n");
    expect(await home.run(push, { message: "m" })).toMatchObject({ pushed: true });
  });

  /** Makes a commit with a key that only a tag of the remote has, and no branch. */
  function onlyTagged(): string {
    seed.receive();
    writeFileSync(join(seed.tree, CI), keyFile());
    const sha = seed.publish("theirs", "theirs");
    git(seed.bare, "tag", "v1", "theirs");
    git(seed.bare, "update-ref", "-d", "refs/heads/theirs");
    git(seed.bare, "config", "uploadpack.allowAnySHA1InWant", "true");
    return sha;
  }

  test.each([{}, { shallow: true }])("of a clone of one commit %j", async (how) => {
    const sha = onlyTagged();
    for (const [n, revision] of [sha, "v1"].entries()) {
      const at = new Home(`file://${seed.bare}`);
      homes.push(at);
      await at.run(clone, { revision, ...how });
      write("c.txt", "c\n", at);
      expect(await at.run(push, { message: "m", to: `on-it-${n}` })).toMatchObject({ pushed: true });
    }
  });

  test("of a branch that begins at a tag of the remote", async () => {
    onlyTagged();
    const at = new Home(`file://${seed.bare}`);
    homes.push(at);
    await at.run(clone);
    git(at.tree, "fetch", "-q", "--tags");
    await at.run(branch, { name: "fix", create: true, from: "v1" });
    write("c.txt", "c\n", at);
    expect(await at.run(push, { message: "m" })).toMatchObject({ pushed: true });
  });
});

describe("merges", () => {
  /** Opens a merge with conflicts in a.txt; the other side has a key and another workflow. */
  async function openMerge(): Promise<void> {
    seed.receive();
    writeFileSync(join(seed.tree, CI), "on: pull_request\n");
    writeFileSync(join(seed.tree, "their key"), keyFile());
    writeFileSync(join(seed.tree, "a.txt"), "theirs\n");
    seed.publish("theirs");
    write("a.txt", "ours\n");
    await home.run(push, { message: "ours" });
    expect(await home.failure(pull, { from: "main", rebase: false })).toMatchObject({ code: "conflict" });
  }

  test("what the other side brings is the remote's", async () => {
    await openMerge();
    write("a.txt", "both\n");
    expect(await home.run(push, { message: "m" })).toMatchObject({ committed: true, pushed: true });
  });

  test("what its resolution adds is checked; the merge stays open, and what is resolved stays resolved", async () => {
    await openMerge();
    write("a.txt", `${glpat()}\n`);
    write(CI, "on: everything\n");
    const failure = await home.failure(push, { message: "m" });
    expect(failure).toMatchObject({ code: "rule_broken", work: { tree: "merging" } });
    expect(failure.rules).toMatchObject([
      { rule: "paths", path: CI },
      { rule: "secrets", path: "a.txt", line: 1 },
    ]);
    expect(await home.run(status)).toMatchObject({ unfinished: "merge" });
    write("a.txt", "both\n");
    write(CI, "on: pull_request\n");
    expect(await home.run(push, { message: "m" })).toMatchObject({ committed: true, pushed: true });
    expect(git(seed.bare, "show", "-s", "--format=%P", "agent/ada/t1").split(" ")).toHaveLength(2);
  });

  test("a merge commit that was made before is checked for what neither side has", async () => {
    await openMerge();
    write("a.txt", `${glpat()}\n`);
    home.git("add", "-A");
    home.git("commit", "-qm", "merged");
    expect(await refused({})).toMatchObject([{ rule: "secrets", path: "a.txt", commit: head() }]);
  });
});

describe("refs", () => {
  test("tags: none on a commit that may not leave, and none pushed where the operator forbids it", async () => {
    write("k", `${glpat()}\n`);
    home.git("add", "k");
    home.git("commit", "-qm", "with it");
    const failure = await home.failure(tag, { name: "v1", push: true });
    expect(failure).toMatchObject({ code: "rule_broken", rules: [{ path: "k", commit: head() }] });
    expect(failure.message).toMatch(/^The tag was not made\. /);
    expect(home.git("tag")).toBe("");
    home.git("reset", "-q", "--hard", "HEAD^");
    home.policy = policyWith({ refs: { tags: false } });
    expect(await home.failure(tag, { name: "v1", push: true })).toMatchObject({ rules: [{ rule: "refs.tags" }] });
    expect(await home.run(tag, { name: "v1" })).toMatchObject({ made: true });
    home.policy = policyWith({});
    expect(await home.run(tag, { name: "v1", push: true })).toMatchObject({ pushed: true });
  });

  test("default_branch never: not even by name", async () => {
    home.policy = policyWith({ refs: { default_branch: "never" } });
    write("b.txt", "b\n");
    const failure = await home.failure(push, { message: "m", to: "main" });
    expect(failure).toMatchObject({ code: "rule_broken", rules: [{ rule: "refs.default_branch" }] });
    expect(home.git("status", "--porcelain")).toBe("?? b.txt");
    expect(await home.run(push, { message: "m" })).toMatchObject({ to: "agent/ada/t1" });
  });

  test("delete_own false: branches stay", async () => {
    write("b.txt", "b\n");
    await home.run(push, { message: "m" });
    await home.run(branch, { name: "other", create: true });
    home.policy = policyWith({ refs: { delete_own: false } });
    const failure = await home.failure(branch, { name: "agent/ada/t1", delete: true });
    expect(failure).toMatchObject({ code: "rule_broken", rules: [{ rule: "refs.delete_own" }] });
    home.policy = policyWith({});
    expect(await home.run(branch, { name: "agent/ada/t1", delete: true })).toMatchObject({ deleted: "agent/ada/t1" });
  });
});

test("the first commit of an empty repository is checked", async () => {
  const empty = join(seed.path, "empty.git");
  git(seed.path, "init", "-q", "--bare", "-b", "main", empty);
  const fresh = new Home(`file://${empty}`);
  homes.push(fresh);
  await fresh.run(clone);
  write("k", `${glpat()}\n`, fresh);
  expect(await fresh.failure(push, { message: "m" })).toMatchObject({ rules: [{ path: "k", line: 1 }] });
  expect(fresh.git("status", "--porcelain")).toBe("?? k");
  write("k", "k\n", fresh);
  expect(await fresh.run(push, { message: "m" })).toMatchObject({ pushed: true });
});

test("in a clone without files of commits that are not checked out", async () => {
  git(seed.bare, "config", "uploadpack.allowFilter", "true");
  const partial = new Home(`file://${seed.bare}`);
  homes.push(partial);
  await partial.run(clone, { filter: "blob:none", agent_id: "bob", task_id: "t" });
  write("a.txt", `${glpat()}\n`, partial);
  expect(await partial.failure(push, { message: "m" })).toMatchObject({ rules: [{ path: "a.txt" }] });
  write("a.txt", "two\n", partial);
  expect(await partial.run(push, { message: "m" })).toMatchObject({ pushed: true });
});

test("in a repository with SHA-256", async () => {
  const origin = new Seed(undefined, "sha256");
  writeFileSync(join(origin.tree, "a.txt"), "one\n");
  origin.publish("first");
  const at = new Home(`file://${origin.bare}`);
  homes.push(at);
  await at.run(clone, { agent_id: "ada", task_id: "t1" });
  write("k", `${glpat()}\n`, at);
  at.git("add", "k");
  at.git("commit", "-qm", "with it");
  const failure = await at.failure(push);
  origin.remove();
  expect(failure).toMatchObject({ rules: [{ path: "k", line: 1 }] });
});

test("a push that no rule is against commits what plain git would", async () => {
  const name = fc.stringMatching(/^[ a-zA-Z0-9$*'"()[\]{}é\n\t-]{1,12}$/).filter((text) => text.trim() !== "");
  const files = fc.dictionary(name, fc.string({ maxLength: 200 }), { minKeys: 1, maxKeys: 6 });
  const before = head();
  await fc.assert(
    fc.asyncProperty(files, async (drawn) => {
      home.git("reset", "-q", "--hard", before);
      home.git("clean", "-fdq");
      for (const [path, content] of Object.entries(drawn)) write(`d/${path}`, content);
      home.git("add", "-A");
      const tree = home.git("write-tree");
      home.git("reset", "-q");
      const { commit } = await home.run(push, { message: "m", to: `run-${Math.abs(hash(tree))}` });
      expect(home.git("show", "-s", "--format=%T %P %B", commit).trim()).toBe(`${tree} ${before} m`);
    }),
    { numRuns: 15 },
  );
});

const hash = (text: string) => Number.parseInt(text.slice(0, 12), 16);
