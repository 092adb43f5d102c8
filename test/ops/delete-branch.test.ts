import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { branch } from "../../src/ops/branch.ts";
import { clone } from "../../src/ops/clone.ts";
import { edit } from "../../src/ops/edit.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { clonesOf, git, Home, Seed } from "./support.ts";

let seed: Seed;
let home: Home;
const OWN = "agent/ada/t1";

/** Makes a workspace that has pushed its branch, and is on another branch. */
const begin = clonesOf(async () => {
  const origin = new Seed();
  writeFileSync(join(origin.tree, "a.txt"), "a\n");
  origin.publish("first");
  const cloned = new Home(`file://${origin.bare}`);
  await cloned.run(clone, { agent_id: "ada", task_id: "t1" });
  await cloned.run(edit, { files: [{ path: "new.txt", content: "new\n" }] });
  await cloned.run(push, { message: "mine" });
  await cloned.run(branch, { name: "main" });
  return { seed: origin, home: cloned };
});

beforeEach(async () => {
  ({ seed, home } = await begin());
});

afterEach(() => {
  home.remove();
  seed.remove();
});

const atRemote = () => git(seed.bare, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").split("\n");
const refs = () => home.git("for-each-ref", "--format=%(refname)");
const remove = (name = OWN) => home.run(branch, { name, delete: true });
const refusal = (name = OWN) => home.failure(branch, { name, delete: true });

/** Adds another author's commit to the branch. */
function others(): void {
  seed.git("fetch", "-q", "origin");
  seed.git("checkout", "-q", `origin/${OWN}`);
  writeFileSync(join(seed.tree, "theirs.txt"), "theirs\n");
  seed.publish("theirs", OWN);
}

test.each([OWN, `origin/${OWN}`, `refs/heads/${OWN}`])("is deleted at the remote and here: %s", async (name) => {
  expect(await remove(name)).toMatchObject({ deleted: OWN, current: "main" });
  expect(atRemote()).toEqual(["main"]);
  expect(refs()).not.toContain(OWN);
  expect(await refusal()).toMatchObject({ code: "ref_not_found" });
  expect(await home.run(branch, { name: OWN, create: true })).toMatchObject({ current: OWN });
});

test("where somebody deleted it before, it is deleted here", async () => {
  git(seed.bare, "update-ref", "-d", `refs/heads/${OWN}`);
  expect(await remove()).toMatchObject({ deleted: OWN });
  expect(refs()).not.toContain(OWN);
});

test("is not deleted while the tree is on it, nor with commits that the remote never had", async () => {
  await home.run(branch, { name: OWN });
  expect(await refusal()).toMatchObject({ code: "invalid_input", field: "name" });
  home.git("commit", "-q", "--allow-empty", "-m", "only here");
  await home.run(branch, { name: "main" });
  expect(await refusal()).toMatchObject({ code: "invalid_input", message: expect.stringContaining("never had") });
  expect(atRemote()).toContain(OWN);
  expect(refs()).toContain(`refs/heads/${OWN}`);
});

test("what others pushed to it is not deleted, seen or not", async () => {
  others();
  const before = atRemote();
  expect(await refusal()).toMatchObject({ code: "push_rejected", message: expect.stringContaining("Others") });
  await home.run(pull);
  expect(await refusal()).toMatchObject({ code: "push_rejected", message: expect.stringContaining("Others") });
  expect(atRemote()).toEqual(before);
  // After a merge, the commit is on another branch too.
  git(seed.bare, "update-ref", "refs/heads/main", `refs/heads/${OWN}`);
  await home.run(pull);
  expect(await remove()).toMatchObject({ deleted: OWN });
});

test("what others pushed to it is not deleted, also where the workspace pushed on top of it", async () => {
  others();
  await home.run(branch, { name: OWN });
  await home.run(edit, { files: [{ path: "more.txt", content: "more\n" }] });
  await home.run(push, { message: "more" });
  await home.run(branch, { name: "main" });
  expect(await refusal()).toMatchObject({ code: "push_rejected", message: expect.stringContaining("Others") });
  expect(atRemote()).toContain(OWN);
});

test("a branch of others, the default branch and a name that is none stay", async () => {
  seed.send("feature");
  await home.run(branch, { name: OWN });
  await home.run(pull);
  for (const name of ["feature", "main"]) {
    expect(await refusal(name)).toMatchObject({ code: "invalid_input", field: "name" });
  }
  expect(await refusal("nowhere")).toMatchObject({ code: "ref_not_found" });
  for (const asked of [{ delete: true }, { name: "x", create: true, delete: true }]) {
    await expect(home.run(branch, asked)).rejects.toThrow(/needs a name/);
  }
  expect(atRemote()).toEqual([OWN, "feature", "main"]);
});

test("what the host refuses stays here too", async () => {
  git(seed.bare, "config", "receive.denyDeletes", "true");
  expect(await refusal()).toMatchObject({
    code: "push_rejected",
    message: expect.stringContaining("deletion prohibited"),
  });
  expect(refs()).toContain(`refs/heads/${OWN}`);
});
