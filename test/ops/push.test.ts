import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { clone } from "../../src/ops/clone.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { status } from "../../src/ops/status.ts";
import type { Seed } from "./support.ts";
import { cloneForEach, git, Home } from "./support.ts";

let seed: Seed;
let home: Home;
const homes: Home[] = [];

const newHome = () => {
  const made = new Home(`file://${seed.bare}`);
  homes.push(made);
  return made;
};
const write = (at: Home, path: string, text: string) => writeFileSync(join(at.tree, path), text);
const remote = (...args: string[]) => git(seed.bare, ...args);
const LINES = Array.from({ length: 20 }, (_, n) => `line ${n}`).join("\n");

cloneForEach(
  (origin) => {
    writeFileSync(join(origin.tree, "a.txt"), `${LINES}\n`);
    writeFileSync(join(origin.tree, "b.txt"), "b\n");
    origin.publish("one");
  },
  {},
  (made) => {
    ({ seed, home } = made);
    homes.push(home);
  },
);

afterEach(() => {
  for (const made of homes.splice(0)) made.remove();
});

/** Adds another author's commit to the remote's main. */
function elsewhere(path: string, text: string, message = "elsewhere"): string {
  seed.receive();
  writeFileSync(join(seed.tree, path), text);
  return seed.publish(message);
}

test("commits every change with its message and author, and pushes", async () => {
  write(home, "a.txt", "changed\n");
  write(home, "-new file\n", "new\n");
  rmSync(join(home.tree, "b.txt"));
  const result = await home.run(push, { message: "#12: change\n\nBody" });
  expect(result).toMatchObject({
    branch: "main",
    to: "main",
    committed: true,
    pushed: true,
    rebased: false,
    tree: "current",
  });
  expect(remote("rev-parse", "main")).toBe(result.commit);
  expect(remote("log", "-1", "--format=%an <%ae>|%cn|%B", "main")).toBe(
    "Agent <agent@example.com>|Agent|#12: change\n\nBody",
  );
  expect(remote("ls-tree", "-z", "--name-only", "main").split("\0").filter(Boolean)).toEqual(["-new file\n", "a.txt"]);
  expect(await home.run(status)).toMatchObject({ clean: true, ahead: 0, behind: 0 });
});

test("again with nothing new: nothing is committed, nothing is pushed", async () => {
  write(home, "a.txt", "changed\n");
  const first = await home.run(push, { message: "m" });
  expect(await home.run(push, { message: "m" })).toMatchObject({
    commit: first.commit,
    committed: false,
    pushed: false,
  });
  expect(await home.run(push)).toMatchObject({ committed: false, pushed: false });
});

test("amend keeps a message with lines that begin with #; the same message again changes nothing", async () => {
  write(home, "a.txt", "changed\n");
  await home.run(push, { message: "#12: change\n\n# Body", to: "mine" });
  write(home, "a.txt", "better\n");
  await home.run(push, { amend: true, to: "mine" });
  expect(remote("log", "-1", "--format=%B", "mine")).toBe("#12: change\n\n# Body");
  const asked = { amend: true, message: "#12: other \n\n\nBody\n", to: "mine" };
  const { commit } = await home.run(push, asked);
  expect(await home.run(push, asked)).toMatchObject({ commit, committed: false, pushed: false });
});

test("files: only these are committed, whatever else is changed or staged", async () => {
  write(home, "a.txt", "changed\n");
  write(home, "b.txt", "changed\n");
  write(home, "c.txt", "new\n");
  home.git("add", "b.txt");
  const result = await home.run(push, { message: "m", files: ["a.txt", "c.txt"] });
  expect(remote("diff-tree", "--name-only", "-r", `${result.commit}^`, result.commit).split("\n")).toEqual([
    "a.txt",
    "c.txt",
  ]);
  expect(await home.run(status)).toMatchObject({ staged: [{ path: "b.txt", change: "modified" }], total: 1 });
  expect(await home.run(push, { message: "m", files: ["a.txt"] })).toMatchObject({ committed: false, pushed: false });
});

test("files: a path that is not there is named and nothing is committed", async () => {
  write(home, "a.txt", "changed\n");
  expect(await home.failure(push, { message: "m", files: ["a.txt", "zzz"] })).toMatchObject({
    code: "path_not_found",
    work: { pushed: false },
  });
  expect(home.git("rev-list", "--count", "HEAD")).toBe("1");
});

test("changes without a message: refused, the index untouched", async () => {
  write(home, "c.txt", "new\n");
  expect(await home.failure(push)).toMatchObject({ code: "invalid_input", field: "message" });
  expect(home.git("status", "--porcelain")).toBe("?? c.txt");
});

test("to another branch; the first push to a branch of its own name makes it the upstream", async () => {
  write(home, "a.txt", "changed\n");
  const result = await home.run(push, { message: "m", to: "review/x" });
  expect(result).toMatchObject({ branch: "main", to: "review/x", pushed: true });
  expect(remote("rev-parse", "review/x")).toBe(result.commit);
  home.git("checkout", "-q", "--no-track", "-b", "fresh");
  await home.run(push);
  expect(home.git("rev-parse", "--abbrev-ref", "@{upstream}")).toBe("origin/fresh");
});

test("the first commit of an empty repository", async () => {
  const empty = join(seed.path, "empty.git");
  git(seed.path, "init", "-q", "--bare", "-b", "main", empty);
  const fresh = newHome();
  fresh.remote = { url: `file://${empty}` };
  await fresh.run(clone);
  expect(await fresh.failure(push)).toMatchObject({ code: "invalid_input" });
  write(fresh, "first", "1\n");
  const result = await fresh.run(push, { message: "first" });
  expect(git(empty, "rev-parse", "main")).toBe(result.commit);
  expect(await fresh.run(status)).toMatchObject({ upstream: "origin/main", ahead: 0 });
});

test("the remote moved: commits are put on top, keeping author and date; uncommitted work stays", async () => {
  write(home, "b.txt", "mine\n");
  home.git(
    "-c",
    "user.name=Ann",
    "-c",
    "user.email=ann@example.com",
    "commit",
    "-qam",
    "first\n\nbody",
    "--date=2020-01-02T03:04:05+0600",
  );
  const theirs = elsewhere("c.txt", "theirs\n");
  write(home, "d.txt", "second\n");
  write(home, "uncommitted", "kept\n");
  const result = await home.run(push, { message: "second", files: ["d.txt"] });
  expect(result).toMatchObject({ pushed: true, rebased: true, tree: "current" });
  expect(remote("rev-parse", "main~2")).toBe(theirs);
  expect(remote("log", "-1", "--format=%an|%ae|%ad|%B", "--date=iso-strict", "main~1")).toBe(
    "Tester|tester@example.com|2020-01-02T03:04:05+06:00|first\n\nbody",
  );
  expect(home.git("rev-parse", "HEAD")).toBe(result.commit);
  expect(readFileSync(join(home.tree, "c.txt"), "utf8")).toBe("theirs\n");
  expect(await home.run(status)).toMatchObject({ untracked: ["uncommitted"], total: 1, ahead: 0, behind: 0 });
});

test("uncommitted changes in the way keep the tree where it is; the next push and pull double nothing", async () => {
  elsewhere("b.txt", "theirs\n");
  write(home, "b.txt", "uncommitted\n");
  write(home, "c.txt", "mine\n");
  const result = await home.run(push, { message: "mine", files: ["c.txt"] });
  expect(result).toMatchObject({ pushed: true, rebased: true, tree: "kept" });
  expect(readFileSync(join(home.tree, "b.txt"), "utf8")).toBe("uncommitted\n");
  expect(await home.run(push, { files: ["c.txt"] })).toMatchObject({
    committed: false,
    pushed: false,
    commit: result.commit,
  });
  expect(await home.failure(pull)).toMatchObject({ code: "dirty_tree" });
  home.git("checkout", "-q", "b.txt");
  expect(await home.run(pull)).toMatchObject({ head: result.commit });
  expect(remote("rev-list", "--count", "main")).toBe("3");
});

test("a conflict: the tree as it was, the commit kept, hunks with all three sides", async () => {
  elsewhere("a.txt", `${LINES.replace("line 5\n", "THEIRS\n").replace("line 15\n", "ALSO THEIRS\n")}\n`);
  write(home, "a.txt", `${LINES.replace("line 5\n", "OURS\n").replace("line 15\n", "ALSO OURS\n")}\n`);
  write(home, "other", "uncommitted\n");
  const failed = await home.failure(push, { message: "ours", files: ["a.txt"] });
  const head = home.git("rev-parse", "HEAD");
  expect(failed).toMatchObject({
    code: "conflict",
    work: { committed: head, pushed: false, tree: "unchanged" },
    conflicts: [
      { path: "a.txt", kind: "content", line: 6, base: "line 5", ours: "OURS", theirs: "THEIRS" },
      { path: "a.txt", kind: "content", base: "line 15", ours: "ALSO OURS", theirs: "ALSO THEIRS" },
    ],
  });
  expect(home.git("log", "-1", "--format=%s")).toBe("ours");
  expect(home.git("status", "--porcelain")).toBe("?? other");
  expect(readFileSync(join(home.tree, "a.txt"), "utf8")).toContain("OURS");
  // Follows the advice in the detail.
  expect(await home.failure(pull, { rebase: false })).toMatchObject({ code: "conflict", work: { tree: "merging" } });
  expect(await home.run(status)).toMatchObject({ unfinished: "merge", conflicts: [{ path: "a.txt" }] });
  expect(await home.failure(push, { message: "too early" })).toMatchObject({
    code: "conflict",
    message: expect.stringContaining("a.txt"),
  });
  expect(await home.failure(push, { message: "part", files: ["a.txt"] })).toMatchObject({
    code: "invalid_input",
    field: "files",
  });
  write(home, "a.txt", "both\n");
  expect(await home.run(push)).toMatchObject({ committed: true, pushed: true });
  expect(remote("show", "main:a.txt")).toBe("both");
  expect(remote("rev-list", "--merges", "--count", "main")).toBe("1");
});

test("conflicts of whole files: deleted on one side, added on both, binary", async () => {
  appendFileSync(join(seed.tree, "bin"), Buffer.from([0, 1, 2]));
  elsewhere("gone", "1\n");
  await home.run(pull);
  seed.git("rm", "-q", "gone");
  writeFileSync(join(seed.tree, "bin"), Buffer.from([0, 9]));
  elsewhere("both", "theirs\n");
  write(home, "gone", "2\n");
  write(home, "both", "ours\n");
  writeFileSync(join(home.tree, "bin"), Buffer.from([0, 7]));
  const failed = await home.failure(push, { message: "ours" });
  expect(failed.conflicts?.map(({ path, kind }) => `${path} ${kind}`).sort()).toEqual([
    "bin content",
    "both both_added",
    "gone deleted_by_them",
  ]);
});

test("local merges are kept: the two lines are merged", async () => {
  home.git("checkout", "-qb", "side");
  write(home, "side", "1\n");
  home.git("add", "-A");
  home.git("commit", "-qm", "side");
  home.git("checkout", "-q", "main");
  write(home, "main", "1\n");
  home.git("add", "-A");
  home.git("commit", "-qm", "main");
  home.git("merge", "-q", "--no-edit", "side");
  elsewhere("c.txt", "theirs\n");
  expect(await home.run(push)).toMatchObject({ pushed: true, rebased: false, merged: true });
  expect(remote("ls-tree", "--name-only", "main").split("\n")).toEqual(["a.txt", "b.txt", "c.txt", "main", "side"]);
});

test("a commit whose change the remote has already is dropped, not doubled", async () => {
  elsewhere("b.txt", "same\n", "theirs first");
  write(home, "b.txt", "same\n");
  const result = await home.run(push, { message: "ours" });
  expect(result).toMatchObject({ committed: true, rebased: true, pushed: false });
  expect(remote("rev-list", "--count", "main")).toBe("2");
});

test("from a shallow clone, also when the remote moved", async () => {
  for (let n = 0; n < 4; n++) elsewhere("c.txt", `${n}\n`);
  const shallow = newHome();
  await shallow.run(clone, { shallow: true });
  elsewhere("c.txt", "moved\n");
  write(shallow, "d.txt", "mine\n");
  expect(await shallow.run(push, { message: "mine" })).toMatchObject({ pushed: true, rebased: true });
  expect(remote("rev-list", "--count", "main")).toBe("7");
});

test("from a shallow clone to a branch whose parting lies below it", async () => {
  const parting = seed.send("release");
  for (let n = 0; n < 4; n++) elsewhere("c.txt", `${n}\n`);
  seed.git("checkout", "-q", "-B", "release", parting);
  writeFileSync(join(seed.tree, "r.txt"), "release\n");
  seed.publish("on release", "release");
  const shallow = newHome();
  await shallow.run(clone, { shallow: true });
  write(shallow, "d.txt", "mine\n");
  expect(await shallow.run(push, { message: "mine", to: "release" })).toMatchObject({
    pushed: true,
    merged: true,
  });
  expect(remote("log", "--format=%s", "release").split("\n")).toEqual(expect.arrayContaining(["mine", "on release"]));
});

/** Sets a rule of the host, with the words that its hook prints. */
function rule(...lines: string[]): void {
  const hook = join(seed.bare, "hooks/pre-receive");
  mkdirSync(join(seed.bare, "hooks"), { recursive: true });
  writeFileSync(join(seed.bare, "said"), lines.map((line) => `${line}\n`).join(""));
  writeFileSync(hook, '#!/bin/sh\ncat "$GIT_DIR/said" >&2\n[ ! -e "$GIT_DIR/refuses" ]\n');
  writeFileSync(join(seed.bare, "refuses"), "");
  chmodSync(hook, 0o755);
}

test("a refused commit gets the better message of the next push, once nothing else is to be committed", async () => {
  rule("The message must match ^fix: ");
  write(home, "a.txt", "changed\n");
  expect(await home.failure(push, { message: "a" })).toMatchObject({
    message: expect.stringContaining("must match ^fix:"),
  });
  rmSync(join(seed.bare, "refuses"));
  expect(await home.run(push, { message: "fix: a" })).toMatchObject({ committed: true, pushed: true });
  expect(remote("log", "--format=%s", "main").split("\n")).toEqual(["fix: a", "one"]);
});

test("a refused commit that went to another branch is left as it is, whatever the next push says", async () => {
  rule("main is protected");
  write(home, "a.txt", "changed\n");
  await home.failure(push, { message: "a" });
  rmSync(join(seed.bare, "refuses"));
  const { commit } = await home.run(push, { to: "mine" });
  expect(await home.run(push, { message: "b", to: "mine" })).toMatchObject({ commit, committed: false, pushed: false });
});

test.each([
  ["error: GH006: Protected branch update failed", "Push to another branch with 'to'."],
  ["error: GH013: Push cannot contain secrets", "push {amend: true}"],
  ["error: File big.bin is 120.00 MB; this exceeds the file size limit of 100.00 MB", "push {amend: true}"],
  ["GitLab: Commit message does not follow the pattern '^[A-Z]+-[0-9]+'", 'push {amend: true, message: "…"}'],
  ["GitLab: You cannot push commits for 'agent@example.com'. Committer is unknown", "The operator sets both"],
  ["refusing to allow an OAuth App to create or update workflow without `workflow` scope", "X-Git-Token"],
])("a rule of the host is told with its words and the way out: %s", async (words, way) => {
  rule(words, "\x1b[31mSee https://host.example/rules\x1b[0m", "");
  write(home, "a.txt", "changed\n");
  const failed = await home.failure(push, { message: "m" });
  expect(failed).toMatchObject({
    code: "push_rejected",
    message: expect.stringContaining(way),
    remoteMessages: [words, "See https://host.example/rules"],
    work: { committed: home.git("rev-parse", "HEAD"), pushed: false },
  });
  rmSync(join(seed.bare, "refuses"));
  const amended = await home.run(push, { amend: true, message: "ABC-1 better" });
  expect(amended).toMatchObject({ pushed: true, remote_messages: [words, "See https://host.example/rules"] });
  expect(remote("rev-list", "--count", "main")).toBe("2");
});

test("a branch that the host cannot change though nobody else pushes to it: said, and not tried for ever", async () => {
  writeFileSync(join(seed.bare, "refs/heads/main.lock"), "");
  write(home, "a.txt", "changed\n");
  expect(await home.failure(push, { message: "m" })).toMatchObject({
    code: "push_rejected",
    message: expect.stringContaining("failed to update ref"),
    work: { pushed: false },
  });
});

test("hooks, fsmonitor and proxies that were written into the tree do not run or see anything", async () => {
  const witness = join(home.path, "ran");
  for (const name of [
    "pre-push",
    "pre-commit",
    "post-commit",
    "reference-transaction",
    "commit-msg",
    "prepare-commit-msg",
  ]) {
    const hook = join(home.tree, ".git/hooks", name);
    mkdirSync(join(home.tree, ".git/hooks"), { recursive: true });
    writeFileSync(hook, `#!/bin/sh\ntouch ${witness}\n`);
    chmodSync(hook, 0o755);
  }
  home.git("config", "core.fsmonitor", `touch ${witness}; false`);
  home.git("config", "remote.origin.pushurl", "/nowhere");
  home.git("config", "url./nowhere/.insteadOf", "file://");
  home.git("config", "remote.origin.receivepack", `touch ${witness}; git-receive-pack`);
  write(home, "a.txt", "changed\n");
  expect(await home.run(push, { message: "m" })).toMatchObject({ pushed: true });
  expect(existsSync(witness)).toBe(false);
});

test("8 pushes of 8 files at once in one workspace: 8 commits, each with its own file", async () => {
  const names = Array.from({ length: 8 }, (_, n) => `file ${n}`);
  for (const name of names) write(home, name, name);
  const results = await Promise.all(names.map((name) => home.run(push, { message: `add ${name}`, files: [name] })));
  expect(new Set(results.map(({ commit }) => commit)).size).toBe(8);
  for (const [n, { commit }] of results.entries()) {
    expect(remote("diff-tree", "--name-only", "-r", `${commit}^`, commit)).toBe(names[n]);
    expect(remote("log", "-1", "--format=%s", commit)).toBe(`add ${names[n]}`);
  }
  expect(remote("rev-list", "--count", "main")).toBe("9");
});

test("files that git will not take are the caller's mistake, and nothing is committed", async () => {
  symlinkSync("/etc", join(home.tree, "out"));
  writeFileSync(join(home.tree, ".gitignore"), "logs/\n");
  mkdirSync(join(home.tree, "logs"));
  writeFileSync(join(home.tree, "logs/x"), "x\n");
  const before = home.git("rev-parse", "HEAD");
  for (const file of ["out/passwd", "logs"]) {
    expect(await home.failure(push, { message: "m", files: [file] })).toMatchObject({ code: "invalid_input" });
  }
  expect(home.git("rev-parse", "HEAD")).toBe(before);
});
