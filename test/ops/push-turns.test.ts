import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { branch } from "../../src/ops/branch.ts";
import type { LostRace } from "../../src/ops/output/script-output.ts";
import { push } from "../../src/ops/push.ts";
import type { Home, Seed } from "./support.ts";
import { cloneForEach, git } from "./support.ts";

let seed: Seed;
let home: Home;

const write = (path: string, text: string) => writeFileSync(join(home.tree, path), text);
const remote = (...args: string[]) => git(seed.bare, ...args);
const head = () => home.git("rev-parse", "HEAD");

cloneForEach(
  (origin) => {
    writeFileSync(join(origin.tree, "a.txt"), "a\n");
    origin.publish("one");
  },
  {},
  (made) => ({ seed, home } = made),
);

/** Adds another author's commit to a branch of the remote. */
function elsewhere(path: string, to = "main"): string {
  writeFileSync(join(seed.tree, path), "theirs\n");
  return seed.publish("elsewhere", to);
}

/** Runs a push without a turn that is overtaken. @returns the lost race */
async function overtaken(input: object = { message: "mine" }): Promise<LostRace> {
  elsewhere("theirs.txt");
  write("mine.txt", "mine\n");
  home.push = { turn: "none" };
  const parsed = await home.answer(push, input);
  if (parsed.ok || !parsed.lost) throw new Error(`was not overtaken: ${JSON.stringify(parsed)}`);
  expect(parsed.error).toMatchObject({
    code: "branch_busy",
    details: { work: { committed: head(), pushed: false, tree: "unchanged" } },
  });
  return parsed.lost;
}

test("without a turn: nobody in the way, it is pushed; overtaken, it says what it would have pushed, and where to", async () => {
  home.push = { turn: "none" };
  write("b.txt", "b\n");
  expect(await home.run(push, { message: "first" })).toMatchObject({ committed: true, pushed: true });
  seed.receive();
  const lost = await overtaken();
  expect(lost).toEqual({ to: "main", sha: head(), committed: head(), from: "main" });
  expect(remote("log", "-1", "--format=%s", "main")).toBe("elsewhere");
});

test("overtaken, and sent again with a turn: the commit of the first try is pushed, and told as this push's own", async () => {
  const lost = await overtaken();
  write("later.txt", "not part of it\n");
  home.push = { turn: "waited", lost };
  const result = await home.run(push, { message: "mine" });
  expect(result).toMatchObject({ branch: "main", to: "main", committed: true, pushed: true, rebased: true });
  expect(remote("log", "--format=%s", "main").split("\n")).toEqual(["mine", "elsewhere", "one"]);
  expect(remote("ls-tree", "--name-only", "main").split("\n")).not.toContain("later.txt");
  expect(head()).toBe(result.commit);
});

test("overtaken, and the workspace went on meanwhile: its own commit is pushed, and the tree stays where it went", async () => {
  const lost = await overtaken();
  await home.run(branch, { name: "other", create: true });
  home.push = { turn: "waited", lost };
  expect(await home.run(push, { message: "mine" })).toMatchObject({
    branch: "main",
    to: "main",
    pushed: true,
    rebased: true,
    tree: "kept",
  });
  expect(remote("log", "-1", "--format=%s", "main")).toBe("mine");
  expect(home.git("rev-parse", "other")).toBe(lost.sha);
});

test("one that waited puts its commits on top before it pushes: no push is refused", async () => {
  elsewhere("theirs.txt");
  write("mine.txt", "mine\n");
  const input = { sandbox_id: "s0-00000000000000000000", message: "mine" };
  home.push = { turn: "waited" };
  const { stderr, exitCode } = await home.raw(push, input);
  expect({ exitCode, refused: stderr.includes("rejected") }).toEqual({ exitCode: 0, refused: false });
  expect(remote("log", "--format=%s", "main").split("\n")).toEqual(["mine", "elsewhere", "one"]);
  expect(readFileSync(join(home.tree, "theirs.txt"), "utf8")).toBe("theirs\n");
});

test.each([
  ["did not move", {}, "main"],
  ["is not there", { to: "new" }, "new"],
])("one that waited for a branch that %s pushes its commit as it is", async (_, input, to) => {
  write("mine.txt", "mine\n");
  home.push = { turn: "waited" };
  const result = await home.run(push, { message: "mine", ...input });
  expect(result).toMatchObject({ committed: true, pushed: true, rebased: false });
  expect([remote("rev-parse", to), head()]).toEqual([result.commit, result.commit]);
});

test("of what the remote is known to hold nothing is asked; what came since is committed and pushed", async () => {
  write("mine.txt", "mine\n");
  const { commit } = await home.run(push, { message: "mine" });
  home.push = { turn: "none", known: commit };
  const { url } = home.remote;
  home.remote = { url: "file:///nowhere" };
  expect(await home.run(push, { message: "mine" })).toMatchObject({ commit, committed: false, pushed: false });
  home.remote = { url };
  write("more.txt", "more\n");
  const more = await home.run(push, { message: "mine" });
  expect(more).toMatchObject({ committed: true, pushed: true });
  expect(remote("rev-parse", "main")).toBe(more.commit);
});
