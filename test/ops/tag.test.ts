import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tag } from "../../src/ops/tag.ts";
import type { Home, Seed } from "./support.ts";
import { cloneForEach, git } from "./support.ts";
import { commit, homeWith } from "./trees.ts";

let seed: Seed;
let home: Home;

cloneForEach(
  (origin) => {
    writeFileSync(join(origin.tree, "a.txt"), "a\n");
    origin.publish("first");
  },
  { agent_id: "ada", task_id: "t1" },
  (made) => ({ seed, home } = made),
);

const atRemote = () => git(seed.bare, "for-each-ref", "--format=%(refname:short) %(objecttype)", "refs/tags");

test("is made of a commit, with and without a message, listed and pushed; called again it answers the same", async () => {
  const head = home.git("rev-parse", "HEAD");
  expect(await home.run(tag)).toEqual({ tags: [], truncated: false });
  const light = await home.run(tag, { name: "refs/tags/v1", ref: "origin/main" });
  expect(light).toMatchObject({ tag: { name: "v1", sha: head, subject: "first", annotated: false }, made: true });
  expect(light).not.toHaveProperty("pushed");
  expect(atRemote()).toBe("");
  const second = commit(home, { "b.txt": "b\n" }, "second");
  expect(await home.run(tag, { name: "v1", push: true })).toMatchObject({
    tag: { sha: head },
    made: false,
    pushed: true,
  });
  const asked = { name: "v2/b", message: "Version 2  \n\n\n# all of it\n", push: true };
  expect(await home.run(tag, asked)).toMatchObject({
    tag: { name: "v2/b", sha: second, subject: "Version 2", annotated: true },
    made: true,
    pushed: true,
  });
  expect(home.git("tag", "-l", "--format=%(contents:body)", "v2/b").trim()).toBe("# all of it");
  expect(await home.run(tag, asked)).toMatchObject({ made: false, pushed: false });
  expect(atRemote()).toBe("v1 commit\nv2/b tag");
  expect((await home.run(tag)).tags?.map(({ name }) => name).toSorted()).toEqual(["v1", "v2/b"]);
});

test("the newest comes first in the list", async () => {
  for (const [name, year] of [
    ["b", 2001],
    ["c", 2003],
    ["a", 2002],
  ] as const) {
    const env = { ...process.env, GIT_COMMITTER_DATE: `${year}-01-01T00:00:00Z` };
    const old = ["-c", "user.name=T", "-c", "user.email=t@example.com", "commit-tree", "HEAD^{tree}", "-m", name];
    home.git("tag", name, execFileSync("git", old, { cwd: home.tree, env, encoding: "utf8" }).trim());
  }
  expect((await home.run(tag)).tags?.map(({ name }) => name)).toEqual(["c", "a", "b"]);
});

test("is never moved, here or there", async () => {
  const head = home.git("rev-parse", "HEAD");
  await home.run(tag, { name: "v1" });
  commit(home, { "b.txt": "b\n" }, "second");
  for (const asked of [{ ref: "HEAD" }, { ref: "HEAD", push: true }, { message: "other" }]) {
    expect(await home.failure(tag, { name: "v1", ...asked })).toMatchObject({ code: "invalid_input", field: "name" });
  }
  expect(home.git("rev-parse", "v1")).toBe(head);
  git(seed.bare, "tag", "-a", "-m", "theirs", "v1", "main");
  expect(await home.failure(tag, { name: "v1", push: true })).toMatchObject({
    code: "push_rejected",
    work: { pushed: false, tree: "unchanged" },
    message: expect.stringContaining("'v1'"),
  });
  expect(atRemote()).toBe("v1 tag");
});

test("what the host refuses is told with its words", async () => {
  git(seed.bare, "config", "transfer.hideRefs", "refs/tags/hidden");
  const told = await home.failure(tag, { name: "hidden/x", push: true });
  expect(told).toMatchObject({ code: "push_rejected", message: expect.stringContaining("hidden ref") });
});

test("wrong input and unknown commits are told apart", async () => {
  expect(await home.failure(tag, { name: "v1", ref: "nowhere" })).toMatchObject({ code: "ref_not_found" });
  for (const asked of [
    { ref: "main" },
    { message: "m" },
    { push: true },
    { name: "-x" },
    { name: "refs/heads/x" },
    { name: "a..b" },
  ]) {
    await expect(home.run(tag, asked)).rejects.toThrow(/needed|not a valid/);
  }
  const bare = homeWith();
  expect(await bare.failure(tag, { name: "v1" })).toMatchObject({ code: "ref_not_found" });
  expect(await bare.run(tag)).toMatchObject({ tags: [] });
  bare.remove();
});

test("pages joined are all tags", async () => {
  const head = home.git("rev-parse", "HEAD");
  const names = Array.from({ length: 450 }, (_, n) => `t${n}`);
  const refs = names.map((name) => `${head} refs/tags/${name}\n`).join("");
  writeFileSync(join(home.tree, ".git/packed-refs"), `# pack-refs with: peeled fully-peeled \n${refs}`);
  const found: string[] = [];
  let page = await home.run(tag);
  for (;;) {
    found.push(...(page.tags ?? []).map(({ name }) => name));
    if (!page.truncated) break;
    page = await home.run(tag, { cursor: page.cursor });
  }
  expect(found.toSorted()).toEqual(names.toSorted());
});
