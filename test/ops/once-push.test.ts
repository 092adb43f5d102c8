import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { branch } from "../../src/ops/branch.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { restore } from "../../src/ops/restore.ts";
import { status } from "../../src/ops/status.ts";
import { type Kill, killedAt, ONCE } from "./once-kills.ts";
import type { Home, Seed } from "./support.ts";
import { cloneForEach, git, Home as NewHome, Seed as NewSeed } from "./support.ts";
import { clone } from "../../src/ops/clone.ts";

let seed: Seed;
let home: Home;

cloneForEach(
  (origin) => {
    writeFileSync(join(origin.tree, "a.txt"), "a\n");
    origin.publish("one");
  },
  { agent_id: "ada", task_id: "t1" },
  (made) => ({ seed, home } = made),
);

beforeEach(() => {
  home.once = ONCE;
});

const OWN = "agent/ada/t1";
const MINE = { message: "mine" };
const write = (path: string, text: string) => writeFileSync(join(home.tree, path), text);
const remote = (...args: string[]) => git(seed.bare, ...args);
const head = () => home.git("rev-parse", "HEAD");
const subjects = (to = OWN) => remote("log", "--format=%s", to).split("\n");

/** Runs a push that is killed. */
const killed = (kill: Kill, input: object = MINE) => killedAt(kill, () => home.answer(push, input));

/** Adds another author's commit to a branch of the remote. */
function elsewhere(path: string, to = OWN): string {
  seed.receive(to);
  writeFileSync(join(seed.tree, path), "theirs\n");
  return seed.publish(`theirs ${path}`, to);
}

/** Sends the call again, and a third time without the network, which must answer the same. @returns the answer */
async function again(input: object = MINE) {
  const value = await home.run(push, input);
  const { remote: reachable } = home;
  home.remote = { url: "http://127.0.0.1:1/nobody/listens" };
  expect(await home.run(push, input)).toEqual(value);
  home.remote = reachable;
  return value;
}

test("after the remote took it, it is answered as pushed, and the branch is the workspace's own", async () => {
  write("b.txt", "b\n");
  await killed({ command: "push", when: "after" });
  const commit = head();
  expect(remote("rev-parse", OWN)).toBe(commit);
  const value = await again();
  expect(value).toMatchObject({ commit, committed: true, pushed: true, rebased: false, tree: "current", to: OWN });
  expect(remote("rev-parse", OWN)).toBe(commit);
  // The same state as after a push whose answer arrived.
  expect(home.git("rev-parse", `refs/warmtree/own/${OWN}/@`)).toBe(commit);
});

test("what was edited after the first try is not part of it", async () => {
  write("b.txt", "b\n");
  await killed({ command: "push", when: "before" });
  write("later.txt", "later\n");
  const value = await again();
  expect(value).toMatchObject({ commit: head(), committed: true, pushed: true });
  expect(home.git("status", "--porcelain")).toBe("?? later.txt");
  expect(subjects()).toEqual(["mine", "one"]);
});

test.each<Kill>([
  { command: "commit", when: "before" },
  { command: "commit", when: "after" },
  { command: "push", when: "before" },
  { command: "push", when: "after" },
])("killed $when git $command, it commits once and answers what the first try would have", async (kill) => {
  write("b.txt", "b\n");
  await killed(kill);
  const value = await again();
  expect(value).toMatchObject({ commit: head(), committed: true, pushed: true, rebased: false, tree: "current" });
  expect(subjects()).toEqual(["mine", "one"]);
  expect(remote("rev-parse", OWN)).toBe(head());
});

test.each<Kill>([
  { command: "commit", when: "after" },
  { command: "push", when: "before" },
  { command: "push", when: "after" },
])("amend that was killed $when git $command amends once", async (kill) => {
  home.once = undefined;
  write("b.txt", "b\n");
  const { commit: old } = await home.run(push, { message: "first" });
  home.once = ONCE;
  write("b.txt", "better\n");
  const input = { message: "better", amend: true };
  await killed(kill, input);
  const value = await again(input);
  expect(value).toMatchObject({ commit: head(), committed: true, pushed: true, replaced: old });
  expect(subjects()).toEqual(["better", "one"]);
  // No commit is left to replace.
  home.once = undefined;
  write("c.txt", "c\n");
  const next = await home.run(push, { message: "next" });
  expect(next).toMatchObject({ pushed: true, rebased: false });
  expect(next.replaced).toBeUndefined();
  expect(subjects()).toEqual(["next", "better", "one"]);
});

describe.each([{ turn: "none" as const }, {}])("others pushed on top meanwhile, turn %o", (context) => {
  test("it is answered as pushed, with its own commit", async () => {
    home.push = context;
    write("b.txt", "b\n");
    await killed({ command: "push", when: "after" });
    const commit = head();
    elsewhere("1");
    elsewhere("2");
    expect(await again()).toMatchObject({ commit, committed: true, pushed: true, rebased: false, tree: "current" });
    expect(subjects()).toEqual(["theirs 2", "theirs 1", "mine", "one"]);
    expect(head()).toBe(commit);
    home.once = undefined;
    expect(await home.run(pull, { from: OWN })).toMatchObject({ behind: 2, ahead: 0 });
  });

  test("in a shallow clone", async () => {
    const shallow = new NewHome(home.remote.url);
    try {
      await shallow.run(clone, { agent_id: "bob", task_id: "t1", shallow: true });
      home.remove();
      home = shallow;
      home.once = ONCE;
      home.push = context;
      write("b.txt", "b\n");
      await killed({ command: "push", when: "after" });
      const commit = head();
      elsewhere("1", "agent/bob/t1");
      elsewhere("2", "agent/bob/t1");
      expect(await again()).toMatchObject({ commit, committed: true, pushed: true, rebased: false });
      expect(subjects("agent/bob/t1")).toEqual(["theirs 2", "theirs 1", "mine", "one"]);
    } finally {
      shallow.remove();
    }
  });
});

test("a push that lost a race and was rebased, killed after the remote took it", async () => {
  elsewhere("theirs", "main");
  write("b.txt", "b\n");
  const input = { ...MINE, to: "main" };
  await killed({ command: "push", when: "after", nth: 2 }, input);
  const commit = remote("rev-parse", "main");
  expect(subjects("main")).toEqual(["mine", "theirs theirs", "one"]);
  expect(head()).not.toBe(commit);
  expect(await again(input)).toMatchObject({ commit, committed: true, pushed: true, rebased: true, tree: "current" });
  expect(remote("rev-parse", "main")).toBe(commit);
  expect(head()).toBe(commit);
});

test("the same, and others pushed on top", async () => {
  elsewhere("theirs", "main");
  write("b.txt", "b\n");
  const input = { ...MINE, to: "main" };
  await killed({ command: "push", when: "after", nth: 2 }, input);
  const commit = remote("rev-parse", "main");
  elsewhere("more", "main");
  expect(await again(input)).toMatchObject({ commit, committed: true, pushed: true, rebased: true, tree: "current" });
  expect(subjects("main")).toEqual(["theirs more", "mine", "theirs theirs", "one"]);
  expect(head()).toBe(commit);
});

test("killed after the tree was moved to the rebased commit, it is answered as current", async () => {
  elsewhere("theirs", "main");
  write("b.txt", "b\n");
  const input = { ...MINE, to: "main" };
  await killed({ command: "reset", when: "after" }, input);
  const commit = remote("rev-parse", "main");
  expect(head()).toBe(commit);
  expect(await again(input)).toMatchObject({ commit, committed: true, pushed: true, rebased: true, tree: "current" });
});

test("a lost race without a turn, sent again with its values under the same name", async () => {
  elsewhere("theirs", "main");
  write("b.txt", "b\n");
  const input = { ...MINE, to: "main" };
  home.push = { turn: "none" };
  const parsed = await home.answer(push, input);
  if (parsed.ok || !parsed.lost) throw new Error("was not overtaken");
  // The Worker was lost before it sent the push again.
  const second = await home.answer(push, input);
  expect(second).toMatchObject({ ok: false, lost: parsed.lost });
  home.push = { turn: "waited", lost: parsed.lost };
  const value = await home.run(push, input);
  expect(value).toMatchObject({ committed: true, pushed: true, rebased: true, tree: "current" });
  home.push = { turn: "none" };
  expect(await again(input)).toEqual(value);
  expect(subjects("main")).toEqual(["mine", "theirs theirs", "one"]);
});

test("a host that failed: the next try pushes the commit of the first", async () => {
  const { remote: reachable } = home;
  home.remote = { url: `${reachable.url}/nothing` };
  write("b.txt", "b\n");
  expect(await home.failure(push, MINE)).toMatchObject({ work: { committed: head() } });
  home.remote = reachable;
  expect(await again()).toMatchObject({ commit: head(), committed: true, pushed: true });
  expect(subjects()).toEqual(["mine", "one"]);
});

test("a commit that was taken back since is not pushed", async () => {
  write("b.txt", "b\n");
  await killed({ command: "push", when: "before" });
  home.once = undefined;
  await home.run(restore, { to: "HEAD~1", keep: true });
  write("b.txt", "other\n");
  home.once = ONCE;
  expect(await again()).toMatchObject({ commit: head(), committed: true });
  expect(remote("show", `${OWN}:b.txt`)).toBe("other");
  expect(subjects()).toEqual(["mine", "one"]);
});

test("a commit that a pull has rebased since is pushed as it is now", async () => {
  write("b.txt", "b\n");
  await killed({ command: "push", when: "before" });
  elsewhere("theirs", "main");
  home.once = undefined;
  expect(await home.run(pull)).toMatchObject({ how: "rebased" });
  home.once = ONCE;
  expect(await again()).toMatchObject({ commit: head(), committed: false, pushed: true });
  expect(subjects()).toEqual(["mine", "theirs theirs", "one"]);
});

test("on another branch since, it pushes its commit, and the tree stays", async () => {
  write("b.txt", "b\n");
  await killed({ command: "push", when: "before" });
  const commit = head();
  home.once = undefined;
  await home.run(branch, { name: "main" });
  home.once = ONCE;
  expect(await again()).toMatchObject({ commit, branch: OWN, to: OWN, pushed: true });
  expect(home.git("symbolic-ref", "--short", "HEAD")).toBe("main");
});

test("the first push into an empty repository: the default branch is answered again", async () => {
  const empty = new NewSeed();
  const first = new NewHome(`file://${empty.bare}`);
  try {
    await first.run(clone);
    writeFileSync(join(first.tree, "a.txt"), "a\n");
    first.once = ONCE;
    await killedAt({ command: "push", when: "after" }, () => first.answer(push, MINE));
    expect(await first.run(push, MINE)).toMatchObject({
      to: "main",
      committed: true,
      pushed: true,
      rebased: false,
      default_branch: "main",
    });
  } finally {
    first.remove();
    empty.remove();
  }
});

test("a merge whose commit was made, and was not cleaned up behind, is not committed again", async () => {
  const theirs = elsewhere("b.txt", "main");
  write("b.txt", "mine\n");
  home.once = undefined;
  await home.run(push, MINE);
  expect(await home.failure(pull, { rebase: false })).toMatchObject({ code: "conflict" });
  write("b.txt", "both\n");
  home.once = ONCE;
  await killed({ command: "commit", when: "after" }, { message: "merged" });
  const commit = head();
  // The state after a kill of git after the commit.
  writeFileSync(join(home.tree, ".git/MERGE_HEAD"), `${theirs}\n`);
  expect(await again({ message: "merged" })).toMatchObject({ commit, committed: true, pushed: true });
  expect((await home.run(status)).unfinished).toBeUndefined();
});

test("a push of nothing is answered the same", async () => {
  home.once = undefined;
  await home.run(push, { message: "m" });
  home.once = ONCE;
  const first = await home.run(push);
  expect(first).toMatchObject({ committed: false, pushed: false });
  expect(await again({})).toEqual(first);
});

test("the reflog of a call without a name is git's own", async () => {
  home.once = undefined;
  write("b.txt", "b\n");
  await home.run(push, MINE);
  const reflog = readFileSync(join(home.tree, ".git/logs/HEAD"), "utf8").trimEnd().split("\n");
  expect(reflog.at(-1)?.split("\t")).toEqual([expect.any(String), "commit: mine"]);
});
