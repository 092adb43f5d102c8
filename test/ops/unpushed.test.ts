import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { unpushed } from "../../src/ops/probes/unpushed.ts";
import { Home } from "./support.ts";
import { commit, homeWith } from "./trees.ts";

let home: Home;
afterEach(() => home.remove());

const commits = async () => (await home.perform(unpushed)).commits;

test("counts commits that no branch of the remote has, on any branch and on none", async () => {
  home = homeWith({ "a.txt": "a\n" });
  const remote = join(home.path, "remote.git");
  execFileSync("git", ["init", "-q", "--bare", remote]);
  home.git("remote", "add", "origin", remote);
  home.git("push", "-q", "-u", "origin", "main");
  expect(await commits()).toBe(0);
  home.git("switch", "-q", "-c", "agent/ada/t", "--track", "origin/main");
  commit(home, { "a.txt": "b\n" }, "one");
  expect(await commits()).toBe(1);
  home.git("push", "-q", "origin", "HEAD");
  // Ahead of its upstream, main, but no work would be lost.
  expect([home.git("rev-list", "--count", "@{upstream}.."), await commits()]).toEqual(["1", 0]);
  home.git("switch", "-q", "-c", "other");
  commit(home, { "a.txt": "c\n" }, "two");
  home.git("switch", "-q", "--detach");
  commit(home, { "a.txt": "d\n" }, "three");
  expect(await commits()).toBe(2);
});

test("before the first commit there are none; without a clone it says so", async () => {
  home = homeWith();
  expect(await commits()).toBe(0);
  home.remove();
  home = new Home("file:///nowhere");
  await expect(home.perform(unpushed)).rejects.toMatchObject({ code: "not_cloned" });
});
