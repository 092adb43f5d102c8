import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { apply } from "../../src/ops/apply.ts";
import { clone } from "../../src/ops/clone.ts";
import { edit } from "../../src/ops/edit.ts";
import { push } from "../../src/ops/push.ts";
import { restore } from "../../src/ops/restore.ts";
import { status } from "../../src/ops/status.ts";
import type { Seed } from "./support.ts";
import { cloneForEach, git, Home } from "./support.ts";
import { treeOf, write } from "./trees.ts";

const LINES = "1\n2\n3\n4\n5\n6\n7\n8\n";

let seed: Seed;
let home: Home;
/** Commits of the remote's branch side, oldest first: the first and third touch a.txt, the second adds a file. */
let side: string[];

function publish(files: Readonly<Record<string, string>>, message: string, to = "main"): string {
  write(seed, files);
  return seed.publish(message, to);
}

cloneForEach(
  (origin) => {
    git(origin.bare, "config", "uploadpack.allowFilter", "true");
    git(origin.bare, "config", "uploadpack.allowAnySHA1InWant", "true");
    seed = origin;
    publish({ "a.txt": LINES, "other.txt": "o\n" }, "first");
    origin.git("switch", "-qc", "side");
    publish({ "a.txt": LINES.replace("1", "one") }, "side one", "side");
    publish({ "new.txt": "new\n" }, "side two\n\nwith a body", "side");
    publish({ "a.txt": LINES.replace("1", "one").replace("8", "eight") }, "side three", "side");
    origin.git("switch", "-q", "main");
  },
  { agent_id: "ada", task_id: "t1" },
  (made) => {
    ({ seed, home } = made);
    side = seed.git("rev-list", "--reverse", "main..side").split("\n");
  },
);

const subjects = () => home.git("log", "--format=%s", "origin/main..").split("\n");
const contentOf = (path: string) => readFileSync(join(home.tree, path), "utf8");

test("makes commits again in the order that is asked for; who wrote them stays", async () => {
  const told = await home.run(apply, { commits: [side[1], "origin/side"] });
  expect(told.applied.map(({ of }) => of)).toEqual([side[1], side[2]]);
  expect(told).toMatchObject({ head: told.applied[1]?.sha, already: [] });
  expect(home.git("rev-parse", "HEAD")).toBe(told.head);
  expect(subjects()).toEqual(["side three", "side two"]);
  expect(treeOf(home)).toEqual({ "a.txt": LINES.replace("8", "eight"), "other.txt": "o\n", "new.txt": "new\n" });
  expect(home.git("log", "-1", "--format=%an %cn %b", "HEAD~1")).toBe("Tester Agent with a body");
  expect(await home.run(apply, { commits: side })).toMatchObject({
    applied: [{ of: side[0] }],
    already: side.slice(1),
  });
  expect(await home.run(apply, { commits: side })).toMatchObject({ applied: [], already: side });
  expect(await home.run(status)).toMatchObject({ clean: true, branch: "agent/ada/t1" });
});

test("undoes commits, also a merge, and what is undone already stays so", async () => {
  await home.run(apply, { commits: side });
  const [one = "", two = "", three = ""] = home.git("rev-list", "--reverse", "origin/main..").split("\n");
  await home.run(edit, { files: [{ path: "other.txt", content: "mine\n" }] });
  for (const asked of [
    { commits: [three, two], revert: true },
    { commits: [three], revert: true },
  ]) {
    await home.run(apply, asked);
    expect(treeOf(home)).toEqual({ "a.txt": LINES.replace("1", "one"), "other.txt": "mine\n" });
  }
  expect(subjects()).toEqual(['Revert "side two"', 'Revert "side three"', "side three", "side two", "side one"]);
  expect(await home.run(apply, { commits: [one, one], revert: true })).toMatchObject({ already: [one] });
  await home.run(restore, { all: true });
  home.git("merge", "-q", "--no-ff", "--no-edit", "origin/side");
  const merge = home.git("rev-parse", "HEAD");
  expect(await home.run(apply, { commits: [merge], revert: true })).toMatchObject({ applied: [{ of: merge }] });
  expect(existsSync(join(home.tree, "new.txt"))).toBe(false);
});

describe("a conflict", () => {
  beforeEach(async () => {
    await home.run(edit, { files: [{ path: "a.txt", content: LINES.replace("8", "mine") }] });
    await home.run(push, { message: "mine" });
  });

  test.each([false, true])("is left in the files, and what came before it applied (revert: %s)", async (revert) => {
    if (revert) {
      await home.run(restore, { all: true });
      home.git("merge", "-q", "--no-edit", "-X", "ours", "origin/side");
    }
    const commits = revert
      ? [side[1] ?? "", side[2] ?? "", side[0] ?? ""]
      : [side[1] ?? "", side[2] ?? "", side[0] ?? ""];
    const head = home.git("rev-parse", "HEAD");
    const told = await home.failure(apply, { commits, revert });
    expect(told).toMatchObject({
      code: "conflict",
      work: { tree: "merging" },
      conflicts: [{ path: "a.txt", kind: "content", ours: "mine", theirs: revert ? "8" : "eight" }],
    });
    expect(told.message).toContain(`${side[2]} conflicts`);
    expect(told.message).toContain("The last 1 of 'commits' are not applied");
    expect(home.git("rev-parse", "HEAD~1")).toBe(head);
    expect(await home.run(status)).toMatchObject({ unfinished: revert ? "revert" : "cherry_pick" });
    expect(contentOf("a.txt")).toContain("<<<<<<<");
    expect(await home.failure(apply, { commits })).toMatchObject({ code: "conflict" });
    expect(await home.failure(push)).toMatchObject({ code: "conflict" });
    await home.run(edit, { files: [{ path: "a.txt", content: LINES.replace("8", "both") }] });
    expect(await home.run(push)).toMatchObject({ committed: true, pushed: true });
    expect(subjects()[0]).toBe(revert ? 'Revert "side three"' : "side three");
    await home.run(apply, { commits: [side[0]] });
    expect(contentOf("a.txt")).toBe(LINES.replace("8", "both").replace("1", "one"));
  });

  test("of a file that a side deleted is one, too", async () => {
    seed.git("switch", "-q", "side");
    seed.git("rm", "-q", "a.txt");
    const gone = publish({}, "gone", "side");
    home.git("fetch", "-q", seed.bare, "side");
    expect(await home.failure(apply, { commits: [gone] })).toMatchObject({
      code: "conflict",
      conflicts: [{ path: "a.txt", kind: "deleted_by_them" }],
    });
    expect(await home.run(push, { resolve: { "a.txt": "theirs" } })).toMatchObject({ committed: true });
    expect(existsSync(join(home.tree, "a.txt"))).toBe(false);
  });

  test("that is settled as it was before ends without a commit", async () => {
    await home.failure(apply, { commits: [side[2]] });
    expect(await home.run(push, { resolve: { "a.txt": "ours" } })).toMatchObject({ committed: false });
    expect(await home.run(status)).not.toHaveProperty("unfinished");
    expect(contentOf("a.txt")).toBe(LINES.replace("8", "mine"));
    expect(await home.run(apply, { commits: [side[1]] })).toMatchObject({ applied: [{ of: side[1] }] });
  });

  test("of a commit whose message has lines that begin with #: the push keeps them", async () => {
    const message = "#12: side\n\n#13 as well";
    seed.git("switch", "-q", "side");
    const numbered = publish({ "a.txt": LINES.replace("8", "eighth") }, message, "side");
    home.git("fetch", "-q", seed.bare, "side");
    expect(await home.failure(apply, { commits: [numbered] })).toMatchObject({ code: "conflict" });
    await home.run(push, { resolve: { "a.txt": "theirs" } });
    expect(git(seed.bare, "log", "-1", "--format=%B", "agent/ada/t1")).toBe(message);
  });

  test("can be given up", async () => {
    await home.failure(apply, { commits: [side[2]] });
    expect(await home.run(restore, { all: true })).toMatchObject({ ended: "cherry_pick" });
    expect(contentOf("a.txt")).toBe(LINES.replace("8", "mine"));
    expect(await home.run(apply, { commits: [side[1]] })).toMatchObject({ applied: [{ of: side[1] }] });
  });
});

test("what git refuses leaves the branch where it was, and says why", async () => {
  await home.run(edit, { files: [{ path: "a.txt", content: "mine\n" }] });
  const before = { head: home.git("rev-parse", "HEAD"), tree: treeOf(home) };
  expect(await home.failure(apply, { commits: [side[1], side[0]] })).toMatchObject({
    code: "dirty_tree",
    work: { tree: "unchanged", pushed: false },
  });
  expect({ head: home.git("rev-parse", "HEAD"), tree: treeOf(home) }).toEqual(before);
  expect(await home.failure(apply, { commits: [side[1], "nowhere"] })).toMatchObject({ code: "ref_not_found" });
  expect(home.git("rev-parse", "HEAD")).toBe(before.head);
});

test("in a partial clone it is the same", async () => {
  const partial = new Home(home.remote.url);
  await partial.run(clone, { agent_id: "ada", task_id: "t2", filter: "tree:0" });
  const told = await partial.run(apply, { commits: side });
  expect(told.applied).toHaveLength(3);
  expect(
    await partial.run(apply, { commits: told.applied.map(({ sha }) => sha).toReversed(), revert: true }),
  ).toMatchObject({
    already: [],
  });
  expect(treeOf(partial)).toEqual({ "a.txt": LINES, "other.txt": "o\n" });
  partial.remove();
});

test("settings of submodules that git refuses are in nobody's way", async () => {
  write(seed, {
    ".gitmodules": '[submodule "e"]\n\tpath = sub\n\turl = https://git.example/x\n\tupdate = !touch CANARY\n',
  });
  // Without a folder for the submodule, `git add -A` would remove its entry.
  mkdirSync(join(seed.tree, "sub"));
  seed.git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},sub`);
  seed.publish("submodule");
  const odd = new Home(home.remote.url);
  await odd.run(clone, { agent_id: "ada", task_id: "t2" });
  expect(await odd.run(apply, { commits: ["HEAD", side[1]] })).toMatchObject({ applied: [{ of: side[1] }] });
  expect(await odd.run(apply, { commits: ["HEAD"], revert: true })).toMatchObject({ already: [] });
  await odd.run(edit, { files: [{ path: "a.txt", content: LINES.replace("8", "mine") }] });
  await odd.run(push, { message: "mine" });
  expect(await odd.failure(apply, { commits: [side[2]] })).toMatchObject({
    code: "conflict",
    work: { tree: "merging" },
  });
  expect(await odd.failure(push)).toMatchObject({ code: "conflict", message: expect.stringContaining("a.txt") });
  odd.remove();
});
