import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { branch } from "../../src/ops/branch.ts";
import { clone } from "../../src/ops/clone.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { DEFAULT_POLICY } from "../../src/policy/policy.ts";
import { restore } from "../../src/ops/restore.ts";
import { status } from "../../src/ops/status.ts";
import type { Seed } from "./support.ts";
import { cloneForEach, git, Home } from "./support.ts";

const OWN = "agent/ada/t1";

let seed: Seed;
let home: Home;
const homes: Home[] = [];

cloneForEach(
  (origin) => {
    writeFileSync(join(origin.tree, "a.txt"), "one\n");
    origin.publish("first");
  },
  { agent_id: "ada", task_id: "t1" },
  (made) => {
    ({ seed, home } = made);
    homes.push(home);
  },
);

afterEach(() => {
  for (const made of homes.splice(0)) made.remove();
});

const remote = (...args: string[]) => git(seed.bare, ...args);
const subjects = (ref: string) => remote("log", "--format=%s", ref).split("\n");
const holds = (name: string, commit: string) => remote("branch", "--contains", commit).includes(name);

/** Commits and pushes a file with that name. */
async function agentPushes(name: string, asked: object = {}, at = home) {
  writeFileSync(join(at.tree, name), `${name}\n`);
  return at.run(push, { message: name, ...asked });
}

/** Adds another author's commit to a branch of the remote. */
function personPushes(name: string, to = "main", text = `${name}\n`): string {
  seed.receive(to);
  writeFileSync(join(seed.tree, name), text);
  return seed.publish(name, to);
}

/** Removes a commit from main by force, and puts another one in its place. */
function personRemoves(instead: string): string {
  seed.git("reset", "-q", "--hard", "HEAD~1");
  writeFileSync(join(seed.tree, instead), `${instead}\n`);
  return seed.publish(instead);
}

describe("what is on the remote keeps its id", () => {
  test("main moved on between two pushes to the workspace's own branch", async () => {
    const { commit: a } = await agentPushes("A");
    const m = personPushes("M");
    expect(await home.run(pull)).toMatchObject({ how: "merged", behind: 1, ahead: 1 });
    expect(await agentPushes("B")).toMatchObject({ rebased: false, merged: false });
    expect([a, m].map((commit) => holds(OWN, commit))).toEqual([true, true]);
    expect(subjects(OWN).toSorted()).toEqual(["A", "B", "M", "Merge branch 'main'", "first"]);
  });

  test("another workspace pushes to that branch, from a newer main: main's commits come along as they are", async () => {
    const { commit: a } = await agentPushes("A", { to: "shared" });
    const m = personPushes("M");
    const other = new Home(home.remote.url);
    homes.push(other);
    await other.run(clone, { agent_id: "bob", task_id: "t1" });
    expect(await agentPushes("B", { to: "shared" }, other)).toMatchObject({ rebased: false, merged: true });
    expect(subjects("shared").toSorted()).toEqual(["A", "B", "M", "Merge branch 'shared'", "first"]);
    expect([a, m].map((commit) => holds("shared", commit))).toEqual([true, true]);
    expect(await other.run(push, { to: "shared" })).toMatchObject({ pushed: false });
  });

  test("a person squashed the branch into main while the agent went on with the same lines", async () => {
    const { commit: a } = await agentPushes("A");
    seed.git("merge", "-q", "--squash", a);
    seed.publish("squashed");
    writeFileSync(join(home.tree, "A"), "again\n");
    home.git("commit", "-qam", "B");
    expect(await home.run(pull)).toMatchObject({ how: "merged" });
    await home.run(push);
    expect(subjects(OWN).toSorted()).toEqual(["A", "B", "Merge branch 'main'", "first", "squashed"]);
    expect(remote("show", `${OWN}:A`)).toBe("again");
  });

  test.each(["bin", "gone"])(
    "what the agent pushed conflicts with main without markers: no side wins in silence (%s)",
    async (path) => {
      writeFileSync(join(seed.tree, path), Buffer.from([0, 1]));
      seed.publish("more");
      await home.run(pull);
      if (path === "gone") rmSync(join(home.tree, path));
      else writeFileSync(join(home.tree, path), Buffer.from([0, 7]));
      await home.run(push, { message: "ours" });
      writeFileSync(join(seed.tree, path), Buffer.from([0, 9]));
      seed.publish("theirs");
      expect(await home.failure(pull)).toMatchObject({ code: "conflict", conflicts: [{ path }] });
    },
  );

  test("a person merged the branch while the agent went on", async () => {
    const { commit: a } = await agentPushes("A");
    seed.git("merge", "-q", "--no-ff", "--no-edit", a);
    seed.send();
    await agentPushes("B");
    await home.run(pull);
    await agentPushes("C");
    expect(subjects(OWN).filter((subject) => /^[ABC]$/.test(subject))).toEqual(["C", "B", "A"]);
  });

  test("a branch that was squashed and deleted: what it held keeps its ids, and the next push tells of both", async () => {
    const { commit: a } = await agentPushes("A");
    seed.git("merge", "-q", "--squash", a);
    seed.publish("squashed");
    remote("branch", "-qD", OWN);
    expect(await agentPushes("B")).toMatchObject({ recreated: true, landed_in: "main" });
    remote("branch", "-qD", OWN);
    writeFileSync(join(home.tree, "A"), "again\n");
    home.git("commit", "-qam", "C");
    expect(await home.run(pull)).toMatchObject({ how: "merged" });
    expect(await home.run(push)).toMatchObject({ recreated: true });
    expect(subjects(OWN).toSorted()).toEqual(["A", "B", "C", "Merge branch 'main'", "first", "squashed"]);
  });

  test("a person's commit on a branch that was deleted since is not copied", async () => {
    seed.send("feature");
    const p = personPushes("P", "feature");
    await home.run(pull, { from: "feature" });
    remote("branch", "-qD", "feature");
    personPushes("M");
    writeFileSync(join(home.tree, "mine"), "mine\n");
    await home.run(pull);
    await home.run(push, { message: "mine", to: "main" });
    expect(holds("main", p)).toBe(true);
    expect(subjects("main").filter((subject) => subject === "P")).toEqual(["P"]);
  });

  test("a branch that lost commits and was deleted then can be made again", async () => {
    const m = personPushes("M");
    await home.run(pull);
    await home.run(push);
    seed.send(OWN, `${m}~1`);
    await home.failure(push);
    remote("branch", "-qD", OWN);
    await home.run(pull);
    expect(await home.run(push)).toMatchObject({ pushed: true, recreated: true });
  });

  test("a branch that was deleted after a push was refused for its lost commits is made again by the next push", async () => {
    const m = personPushes("M");
    seed.send(OWN, m);
    await home.run(pull);
    seed.send(OWN, `${m}~1`);
    writeFileSync(join(home.tree, "B"), "B\n");
    expect(await home.failure(push, { message: "B" })).toMatchObject({ code: "history_rewritten" });
    remote("branch", "-qD", OWN);
    expect(await home.run(push, { message: "B" })).toMatchObject({ pushed: true, recreated: true });
    expect(subjects(OWN)).toEqual(["B", "M", "first"]);
  });
});

describe("what a person took away does not come back", () => {
  let secret: string;
  beforeEach(async () => {
    secret = personPushes("secret");
    await home.run(pull);
  });

  test("a push to that branch is refused, and pull leaves the commit out", async () => {
    personRemoves("instead");
    writeFileSync(join(home.tree, "mine"), "mine\n");
    expect(await home.failure(push, { message: "mine", to: "main" })).toMatchObject({
      code: "history_rewritten",
      message: expect.stringContaining('pull {from: "main"}'),
      commits: [secret],
      work: { pushed: false, committed: expect.any(String) },
    });
    expect(await home.run(pull, { from: "main" })).toMatchObject({ how: "rebased", left_out: [secret] });
    expect(await home.run(push, { to: "main" })).toMatchObject({ pushed: true });
    expect(subjects("main")).toEqual(["mine", "instead", "first"]);
    expect(existsSync(join(home.tree, "secret"))).toBe(false);
  });

  test("nor where nothing came instead, so that git itself would take it", async () => {
    seed.send("main", `${secret}~1`);
    writeFileSync(join(home.tree, "mine"), "mine\n");
    expect(await home.failure(push, { message: "mine", to: "main" })).toMatchObject({ code: "history_rewritten" });
    expect(subjects("main")).toEqual(["first"]);
    expect(await home.run(pull)).toMatchObject({ how: "rebased", left_out: [secret], behind: 0, ahead: 1 });
    expect(await home.run(pull)).toMatchObject({ how: "nothing_new" });
    expect(home.git("log", "--format=%s").split("\n")).toEqual(["mine", "first"]);
  });

  test("what is put back is sent again without a pull", async () => {
    personRemoves("instead");
    expect(await home.failure(push, { to: "main" })).toMatchObject({ code: "history_rewritten" });
    seed.git("merge", "-q", secret);
    seed.send("main", "HEAD");
    expect(await agentPushes("A", { to: "main" })).toMatchObject({ pushed: true });
    expect(subjects("main")).toContain("secret");
  });

  test("what is put back comes with the next pull", async () => {
    seed.send("main", `${secret}~1`);
    await home.run(pull);
    seed.send("main", secret);
    expect(await home.run(pull)).toMatchObject({ how: "fast_forward", head: secret, behind: 1 });
    expect(await home.run(pull)).toMatchObject({ how: "nothing_new", behind: 0 });
    expect(await agentPushes("mine", { to: "main" })).toMatchObject({ pushed: true, rebased: false });
  });

  test("once that is known, not to any branch", async () => {
    personRemoves("instead");
    writeFileSync(join(home.tree, "mine"), "mine\n");
    await home.failure(push, { message: "mine", to: "main" });
    expect(await home.failure(push)).toMatchObject({ code: "history_rewritten", commits: [secret] });
    expect(await home.failure(pull, { rebase: false })).toMatchObject({ code: "history_rewritten" });
    expect(remote("branch", "--list", OWN)).toBe("");
  });

  test("a workspace without commits of its own follows", async () => {
    const instead = personRemoves("instead");
    expect(await home.run(pull)).toMatchObject({ head: instead, left_out: [secret] });
    expect(await home.run(status)).toMatchObject({ clean: true });
  });

  test("the workspace's own branch has it: the next push replaces what that held", async () => {
    const { commit: pushed } = await agentPushes("A");
    personRemoves("instead");
    expect(await home.run(pull)).toMatchObject({ how: "rebased", left_out: [secret] });
    expect(await agentPushes("B")).toMatchObject({ pushed: true, replaced: pushed });
    expect(subjects(OWN)).toEqual(["B", "A", "instead", "first"]);
  });

  test("but not where others' commits are on it: they keep their ids", async () => {
    await agentPushes("A");
    personPushes("P", OWN);
    await agentPushes("B");
    seed.send("main", `${secret}~1`);
    expect(await home.failure(pull)).toMatchObject({ code: "history_rewritten", commits: [secret] });
  });

  test("but not what somebody added there meanwhile", async () => {
    await agentPushes("A");
    personRemoves("instead");
    await home.run(pull);
    const theirs = personPushes("theirs", OWN);
    writeFileSync(join(home.tree, "B"), "B\n");
    expect(await home.failure(push, { message: "B" })).toMatchObject({
      code: "push_rejected",
      work: { pushed: false },
    });
    expect(remote("rev-parse", OWN)).toBe(theirs);
  });
});

test("a branch that went back, though not behind this workspace, is pulled", async () => {
  const m = personPushes("M");
  personPushes("N");
  writeFileSync(join(home.tree, "M"), "in the way\n");
  await home.failure(pull);
  rmSync(join(home.tree, "M"));
  seed.send("main", m);
  expect(await home.run(pull, { rebase: false })).toMatchObject({ how: "fast_forward", head: m, behind: 1 });
});

test("a first commit, made while the repository was empty, goes on top of what came meanwhile", async () => {
  git(seed.path, "init", "-q", "--bare", "-b", "main", "late.git");
  const bare = join(seed.path, "late.git");
  const early = new Home(`file://${bare}`);
  homes.push(early);
  await early.run(clone, { agent_id: "eve", task_id: "t1" });
  await early.run(branch, { name: "agent/eve/t2", create: true });
  writeFileSync(join(early.tree, "mine"), "mine\n");
  seed.git("push", "-q", bare, "main");
  expect(await early.run(push, { message: "mine" })).toMatchObject({ pushed: true, rebased: true });
  expect(git(bare, "log", "--format=%s", "agent/eve/t2").split("\n")).toEqual(["mine", "first"]);
  expect(await early.run(pull)).toMatchObject({ from: "main", how: "nothing_new" });
});

test("a branch that a person set back, and that was deleted later, is made again", async () => {
  await agentPushes("A");
  seed.send(OWN, "main");
  await home.run(pull, { from: OWN });
  remote("branch", "-qD", OWN);
  await home.run(pull);
  expect(await agentPushes("B")).toMatchObject({ pushed: true, recreated: true });
  expect(subjects(OWN)).toEqual(["B", "first"]);
});

test("in a shallow clone, a branch that went back is followed, and what it lost is not sent again", async () => {
  const shallow = new Home(home.remote.url);
  homes.push(shallow);
  personPushes("M");
  await shallow.run(clone, { shallow: true, agent_id: "eve" });
  const { commit } = await agentPushes("A", { to: "main" }, shallow);
  seed.send("main", "HEAD");
  expect(await shallow.failure(push, { to: "main" })).toMatchObject({ code: "history_rewritten", commits: [commit] });
  expect(await shallow.run(pull)).toMatchObject({ left_out: [commit], head: seed.git("rev-parse", "HEAD") });
  expect(await shallow.run(pull)).toMatchObject({ how: "nothing_new" });
});

test("in a shallow clone, a merge that is asked for does not bring back what was replaced", async () => {
  const shallow = new Home(home.remote.url);
  homes.push(shallow);
  const secret = personPushes("secret");
  await shallow.run(clone, { shallow: true, agent_id: "eve" });
  personRemoves("instead");
  expect(await shallow.failure(pull, { rebase: false })).toMatchObject({
    code: "history_rewritten",
    commits: [secret],
  });
  expect(await shallow.run(pull)).toMatchObject({ left_out: [secret] });
  await agentPushes("A", { to: "main" }, shallow);
  expect(subjects("main")).toEqual(["A", "instead", "first"]);
});

test("in a shallow clone, what a branch lost stays known after a pull that failed", async () => {
  const shallow = new Home(home.remote.url);
  homes.push(shallow);
  const secret = personPushes("secret");
  await shallow.run(clone, { shallow: true, agent_id: "eve" });
  personRemoves("instead");
  writeFileSync(join(shallow.tree, "instead"), "in the way\n");
  expect(await shallow.failure(pull)).toMatchObject({ code: "dirty_tree" });
  rmSync(join(shallow.tree, "instead"));
  expect(await shallow.run(pull)).toMatchObject({ head: seed.git("rev-parse", "HEAD") });
  expect(holds("main", secret)).toBe(false);
  expect(existsSync(join(shallow.tree, "secret"))).toBe(false);
});

test("in a shallow clone, what main lost is not sent there again, though another branch has it", async () => {
  const shallow = new Home(home.remote.url);
  homes.push(shallow);
  const secret = personPushes("secret");
  await shallow.run(clone, { shallow: true, agent_id: "eve", task_id: "t2" });
  await shallow.run(push);
  seed.git("reset", "-q", "--hard", "HEAD~1");
  seed.send("main", "HEAD");
  await shallow.run(pull);
  expect(await shallow.run(push)).toMatchObject({ commit: secret, rebased: true });
  expect(await shallow.failure(push, { to: "main" })).toMatchObject({ code: "history_rewritten", commits: [secret] });
  expect(holds("main", secret)).toBe(false);
});

test("in a shallow clone, a push on top of what main lost is refused by the host, and pull is the way on", async () => {
  const shallow = new Home(home.remote.url);
  homes.push(shallow);
  const secret = personPushes("secret");
  await shallow.run(clone, { shallow: true, agent_id: "eve", task_id: "t3" });
  personRemoves("instead");
  writeFileSync(join(shallow.tree, "A"), "A\n");
  const refused = await shallow.failure(push, { message: "A" });
  const work = { committed: expect.any(String), pushed: false };
  expect(refused).toMatchObject({ code: "history_rewritten", commits: [secret], work });
  expect(await shallow.run(pull)).toMatchObject({ how: "rebased" });
  expect(await shallow.run(push, { message: "A" })).toMatchObject({ pushed: true });
  expect(subjects("agent/eve/t3")).toEqual(["A", "instead", "first"]);
});

describe("taking back", () => {
  test("amend changes the newest commit, and once it is on the workspace's own branch, replaces it there", async () => {
    const { commit: first } = await agentPushes("A");
    writeFileSync(join(home.tree, "A"), "better\n");
    const amended = await home.run(push, { amend: true, message: "A, better" });
    expect(amended).toMatchObject({ committed: true, pushed: true, replaced: first });
    expect(subjects(OWN)).toEqual(["A, better", "first"]);
    expect(await home.run(push, { amend: true, message: "A, better" })).toMatchObject({
      commit: amended.commit,
      pushed: false,
    });
    expect(await home.run(push, { amend: true, message: "A, best" })).toMatchObject({ replaced: amended.commit });
  });

  test("amend refuses a commit that others have", async () => {
    const { commit } = await agentPushes("A", { to: "main" });
    expect(await home.failure(push, { amend: true, message: "other" })).toMatchObject({
      code: "invalid_input",
      field: "amend",
    });
    expect(home.git("rev-parse", "HEAD")).toBe(commit);
  });

  test("amend changes the message of a merge that pull made, whatever came in by it", async () => {
    const { commit: a } = await agentPushes("A");
    const m = personPushes("M");
    await home.run(pull);
    expect(await home.run(push, { amend: true, message: "merge" })).toMatchObject({ committed: true, pushed: true });
    expect(remote("rev-parse", `${OWN}^1`, `${OWN}^2`)).toBe(`${a}\n${m}`);
  });

  test("restore {to, keep} takes commits back and keeps the files; called again, it changes nothing", async () => {
    await agentPushes("A");
    await agentPushes("B");
    personPushes("M");
    const result = await home.run(restore, { to: "origin/main", keep: true });
    expect(result.taken_back).toHaveLength(2);
    expect(await home.run(status)).toMatchObject({ staged: [{ path: "A" }, { path: "B" }], total: 2 });
    expect(await home.run(restore, { to: "origin/main", keep: true })).toMatchObject({ taken_back: [] });
    expect(await home.run(push, { message: "A and B" })).toMatchObject({ pushed: true });
    expect(subjects(OWN)).toEqual(["A and B", "first"]);
  });

  test("what was taken back and pulled again stays, whatever is pushed there", async () => {
    const { commit: a } = await agentPushes("A");
    await home.run(restore, { to: "origin/main", keep: true });
    await home.run(restore, { all: true });
    await home.run(pull, { from: OWN });
    await home.run(branch, { name: "other", create: true, from: "origin/main" });
    expect(await agentPushes("B", { to: OWN })).not.toHaveProperty("replaced");
    expect(holds(OWN, a)).toBe(true);
  });

  test("what was taken back on one branch and is pushed on from on another is not replaced there", async () => {
    await agentPushes("A", { to: "feature" });
    await home.run(push);
    await home.run(push, { amend: true, message: "other" });
    await home.run(branch, { name: "feature" });
    expect(await agentPushes("B")).not.toHaveProperty("replaced");
    expect(subjects("feature")).toEqual(["B", "A", "first"]);
    expect(home.git("for-each-ref", "refs/warmtree/replace/")).toBe("");
  });

  test("a branch whose first push was cut off, and is repeated, is the workspace's own", async () => {
    const { commit } = await agentPushes("A");
    // The state if the host took the push and its answer was lost.
    for (const ref of [`refs/warmtree/own/${OWN}/@`, `refs/remotes/origin/${OWN}`]) home.git("update-ref", "-d", ref);
    expect(await home.run(push)).toMatchObject({ pushed: false });
    expect(await home.run(push, { amend: true, message: "better" })).toMatchObject({ replaced: commit });
  });

  test("what others put on the own branch, and what is beneath, stays; what is on top is taken back", async () => {
    await agentPushes("A");
    const p = personPushes("P", OWN);
    const { commit: b } = await agentPushes("B");
    expect(await home.failure(restore, { to: "origin/main", keep: true })).toMatchObject({ code: "invalid_input" });
    expect(await home.run(restore, { to: p, keep: true })).toMatchObject({ taken_back: [b] });
    expect(await home.run(push, { message: "C" })).toMatchObject({ replaced: b });
    expect(subjects(OWN)).toEqual(["C", "P", "A", "first"]);
  });

  test("what others pushed, pulled and sent as it is, is not amended", async () => {
    await agentPushes("A");
    personPushes("P", OWN);
    await home.run(pull, { from: OWN });
    expect(await home.run(push)).toMatchObject({ pushed: false });
    expect(await home.failure(push, { amend: true, message: "mine" })).toMatchObject({ field: "amend" });
  });

  test("in another workspace on the same branch, too: only what agents committed last is amended", async () => {
    await agentPushes("A");
    const next = async () => {
      const other = new Home(home.remote.url);
      homes.push(other);
      await other.run(clone, { agent_id: "ada", task_id: "t1" });
      return other.answer(push, { amend: true, message: "amended" });
    };
    expect(await next()).toMatchObject({ ok: true, value: { pushed: true } });
    personPushes("P", OWN);
    expect(await next()).toMatchObject({ ok: false, error: { code: "invalid_input" } });
    expect(subjects(OWN)).toEqual(["P", "amended", "first"]);
  });

  test("restore {to, keep} refuses what others have", async () => {
    const { commit } = await agentPushes("A", { to: "main" });
    expect(await home.failure(restore, { to: `${commit}~1`, keep: true })).toMatchObject({ code: "invalid_input" });
    expect(home.git("rev-parse", "HEAD")).toBe(commit);
  });
});

test("nothing lands on the default branch unasked, but the first commit of a repository", async () => {
  const plain = new Home(home.remote.url);
  homes.push(plain);
  plain.policy = DEFAULT_POLICY;
  await plain.run(clone);
  writeFileSync(join(plain.tree, "A"), "A\n");
  expect(await plain.failure(push, { message: "A" })).toMatchObject({
    code: "invalid_input",
    field: "to",
    message: expect.stringContaining('to: "main"'),
  });
  expect(plain.git("status", "--porcelain")).toBe("?? A");
  expect(await plain.run(push, { message: "A", to: "main" })).toMatchObject({ pushed: true });

  git(seed.path, "init", "-q", "--bare", "-b", "main", "empty.git");
  const fresh = new Home(`file://${join(seed.path, "empty.git")}`);
  homes.push(fresh);
  fresh.policy = DEFAULT_POLICY;
  await fresh.run(clone);
  expect(await agentPushes("A", {}, fresh)).toMatchObject({ pushed: true, to: "main" });
});

describe("a merge whose conflicts leave no markers", () => {
  const BINARY = Buffer.from([0, 1, 2, 3]);
  beforeEach(async () => {
    writeFileSync(join(seed.tree, "bin"), BINARY);
    writeFileSync(join(seed.tree, "gone"), "kept\n");
    seed.publish("more");
    await home.run(pull);
    writeFileSync(join(seed.tree, "bin"), Buffer.from([0, 9]));
    rmSync(join(seed.tree, "gone"));
    writeFileSync(join(seed.tree, "a.txt"), "theirs\n");
    seed.publish("theirs");
    writeFileSync(join(home.tree, "bin"), Buffer.from([0, 7]));
    writeFileSync(join(home.tree, "gone"), "ours\n");
    writeFileSync(join(home.tree, "a.txt"), "ours\n");
    home.git("commit", "-qam", "ours");
    expect(await home.failure(pull, { rebase: false })).toMatchObject({ code: "conflict", work: { tree: "merging" } });
  });

  test("nothing is committed until each file is written, deleted or named; the answer lists those that are left", async () => {
    expect(await home.failure(push)).toMatchObject({
      code: "conflict",
      message: expect.stringContaining("a.txt, bin, gone"),
      conflicts: [
        { path: "a.txt", kind: "content", ours: "ours", theirs: "theirs" },
        { path: "bin", kind: "content" },
        { path: "gone", kind: "deleted_by_them" },
      ],
      work: { tree: "merging", pushed: false },
    });
    writeFileSync(join(home.tree, "a.txt"), "both\n");
    rmSync(join(home.tree, "gone"));
    expect(await home.failure(push)).toMatchObject({ conflicts: [{ path: "bin" }] });
    expect(await home.run(push, { resolve: { bin: "theirs" } })).toMatchObject({ committed: true, pushed: true });
    expect(remote("ls-tree", "--name-only", OWN).split("\n")).toEqual(["a.txt", "bin"]);
    expect(remote("cat-file", "-s", `${OWN}:bin`)).toBe("2");
  });

  test("a side that has no such file deletes it", async () => {
    await home.run(push, { resolve: { "a.txt": "base", bin: "ours", gone: "theirs" } });
    expect(remote("show", `${OWN}:a.txt`)).toBe("one");
    expect(remote("ls-tree", "--name-only", OWN).split("\n")).toEqual(["a.txt", "bin"]);
  });

  test("a file that is in no conflict is not taken for one", async () => {
    expect(await home.failure(push, { resolve: { "b.txt": "ours" } })).toMatchObject({
      code: "invalid_input",
      field: "resolve",
    });
  });
});

test("a conflict on push to another branch: the advice, followed to the letter, ends it", async () => {
  personPushes("a.txt", "main", "theirs on main\n");
  seed.git("checkout", "-q", "-B", "other", git(seed.bare, "rev-parse", "main~1"));
  writeFileSync(join(seed.tree, "a.txt"), "theirs on other\n");
  seed.publish("other", "other");
  writeFileSync(join(home.tree, "a.txt"), "ours\n");
  const failure = await home.failure(push, { message: "ours", to: "other" });
  expect(failure).toMatchObject({ code: "conflict", work: { committed: expect.any(String), tree: "unchanged" } });
  const [, from] = /pull \{rebase: false, from: "([^"]+)"\}/.exec(failure.message) ?? [];
  expect(await home.failure(pull, { rebase: false, from })).toMatchObject({
    conflicts: [{ path: "a.txt", ours: "ours", theirs: "theirs on other" }],
  });
  writeFileSync(join(home.tree, "a.txt"), "both\n");
  expect(await home.run(push, { to: "other" })).toMatchObject({ pushed: true, merged: false });
  expect(remote("show", "other:a.txt")).toBe("both");
});

test.each([[undefined], ["waited"]] as const)(
  "of the workspace's own branch somebody took away what main still has: it is not sent there again (turn: %s)",
  async (turn) => {
    const m = personPushes("M");
    await home.run(pull);
    await home.run(push);
    expect(remote("rev-parse", OWN)).toBe(m);
    personPushes("N");
    await home.run(pull);
    seed.send(OWN, `${m}~1`);
    if (turn) home.push = { turn };
    expect(await home.failure(push)).toMatchObject({ code: "history_rewritten", commits: [m] });
  },
);
