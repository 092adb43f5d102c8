import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { branch } from "../../src/ops/branch.ts";
import { clone } from "../../src/ops/clone.ts";
import { edit } from "../../src/ops/edit.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { git, Home, Seed } from "./support.ts";

let seed: Seed;
let home: Home;

beforeEach(() => {
  seed = new Seed();
  writeFileSync(join(seed.tree, "a.txt"), "a\n");
  seed.publish("first");
  home = new Home(`file://${seed.bare}`);
});

afterEach(() => {
  home.remove();
  seed.remove();
});

const ASKED = { agent_id: "ada", task_id: "t1" };
const NEW = { files: [{ path: "new.txt", content: "new\n" }] };
const atRemote = () => git(seed.bare, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").split("\n");

describe.each(["agent", "agent/ada", "agent/ada/t1/more"])("beside the remote's branch %s", (taken) => {
  test.each([undefined, taken])(
    "clone (of %s) tells it, push names it and the way out, and that way is open",
    async (from) => {
      seed.send(taken);
      const opened = await home.run(clone, { ...ASKED, branch: from });
      expect(opened).toMatchObject({ branch: "agent/ada/t1", base: from ?? "main", in_the_way: taken });
      await home.run(edit, NEW);
      for (const turn of [undefined, "waited"] as const) {
        if (turn) home.push = { turn };
        const told = await home.failure(push, { message: "new" });
        expect(told).toMatchObject({ code: "push_rejected", work: { pushed: false, tree: "unchanged" } });
        expect(told.message).toContain(`has a branch '${taken}'`);
        expect(told.message).toContain("with 'to'");
      }
      expect(atRemote()).toEqual([taken, "main"]);
      expect(await home.run(push, { to: "ada-t1" })).toMatchObject({ to: "ada-t1", pushed: true });
    },
  );
});

test("another prefix is the operator's way out", async () => {
  seed.send("agent");
  home.agentBranchPrefix = "bots/warmtree";
  expect(await home.run(clone, ASKED)).toMatchObject({ branch: "bots/warmtree/ada/t1" });
  await home.run(edit, NEW);
  expect(await home.run(push, { message: "new" })).toMatchObject({ to: "bots/warmtree/ada/t1", pushed: true });
});

test("a branch of the workspace that is in the way of a new one, or of one of the remote, is named", async () => {
  const opened = await home.run(clone, ASKED);
  expect(opened).not.toHaveProperty("in_the_way");
  for (const [name, taken] of [
    ["main/below", "main"],
    ["agent", "agent/ada/t1"],
  ]) {
    const told = await home.failure(branch, { name, create: true });
    expect(told).toMatchObject({ code: "invalid_input", field: "name" });
    expect(told.message).toContain(`has a branch '${taken}'`);
  }
  home.git("branch", "feature", home.git("commit-tree", "HEAD^{tree}", "-m", "only here"));
  home.git("update-ref", "refs/remotes/origin/feature/x", "HEAD");
  const told = await home.failure(branch, { name: "feature/x" });
  expect(told).toMatchObject({ code: "invalid_input", field: "name" });
  expect(told.message).toContain("has a branch 'feature'");
});

test("a copy of a branch that the remote has no more makes room for what came in its place", async () => {
  seed.send("feature");
  await home.run(clone, { ...ASKED, branch: "feature" });
  git(seed.bare, "update-ref", "-d", "refs/heads/feature");
  seed.send("feature/x");
  for (let again = 0; again < 2; again++) {
    expect(await home.failure(pull)).toMatchObject({
      code: "ref_not_found",
      message: expect.stringContaining("'feature'"),
    });
    await home.run(edit, { files: [{ path: `${again}.txt`, content: "n\n" }] });
    await home.run(push, { message: "mine" });
  }
  expect(await home.run(branch, { name: "feature/x" })).toMatchObject({
    current: "feature/x",
    upstream: "origin/feature/x",
  });
  expect(home.git("branch", "--list", "feature")).toBe("");
});
