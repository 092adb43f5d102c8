import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { callOperation } from "../../scripts/support/client.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { workspaceListSchema } from "../../src/api/schemas.ts";
import { until } from "../support/until.ts";
import { call, hostedSandboxes, remoteGit, type Result } from "../support/worker.ts";
import { connect } from "../../scripts/support/mcp-client.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ bindings: { E2B_MAX_SANDBOXES: "60" } });
});
afterAll(() => stack.close());

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

/** Makes a repository, and workspaces of it that each have their own file to push. @returns their handles */
async function racers(repository: string, count: number): Promise<string[]> {
  await makeRepository(stack.git.root, repository, { files: 20, commits: 3 });
  const repo_url = `${stack.git.url}/${repository}.git`;
  return Promise.all(
    numbers(count).map(async (n) => {
      const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id: `agent${n}`, task_id: "race" });
      await call(stack, "edit", { sandbox_id, files: [{ path: `from-${n}.txt`, content: `${n}\n` }] });
      return sandbox_id;
    }),
  );
}

/** Holds every push to a repository at the remote until it is opened. */
function gateOf(repository: string) {
  const folder = join(stack.git.root, `${repository}.git`, "hooks");
  const [hook, arrived, opened] = ["pre-receive", "arrived", "opened"].map((name) => join(folder, name));
  if (!hook || !arrived || !opened) throw new Error("no names");
  mkdirSync(folder, { recursive: true });
  writeFileSync(hook, `#!/bin/sh\ntouch '${arrived}'\nwhile ! [ -e '${opened}' ]; do sleep 0.05; done\n`);
  chmodSync(hook, 0o755);
  onTestFinished(() => rmSync(hook));
  return {
    reached: () => until("a push is at the remote", () => existsSync(arrived)),
    open: () => writeFileSync(opened, ""),
  };
}

async function lastUsed(sandboxId: string): Promise<string> {
  const answer = await fetch(`${stack.url}/v1/workspaces`, { headers: { Authorization: "Bearer dev" } });
  const { workspaces } = workspaceListSchema.parse(await answer.json());
  return workspaces.find(({ sandbox_id }) => sandbox_id === sandboxId)?.last_used_at ?? "";
}

/** Begins a push, and waits until the pool counts one more use: the push is then in the queue. @returns the push */
async function queued(body: { sandbox_id: string; message: string; to: string }): Promise<{ push: Promise<Result> }> {
  const before = await lastUsed(body.sandbox_id);
  await until("another millisecond", () => new Date().toISOString() > before);
  const push = call(stack, "push", body);
  await until("the push is queued", async () => (await lastUsed(body.sandbox_id)) > before);
  return { push };
}

/** Returns the working tree of the one workspace of a repository. */
async function treeOf(repository: string): Promise<string> {
  const trees = (await hostedSandboxes(stack)).map(({ tree }) => join(tree, "home/user/repo"));
  const isOf = (tree: string) => readFileSync(join(tree, ".git/config"), "utf8").includes(`/${repository}.git`);
  return trees.find((tree) => existsSync(tree) && isOf(tree)) ?? "";
}

const subjects = (repository: string, branch = "main") =>
  remoteGit(stack, repository, "log", "--format=%s", branch).split("\n");

/** Expects each commit exactly once. */
function expectAllOnce(repository: string, count: number, branch = "main"): void {
  const from = subjects(repository, branch).filter((subject) => subject.startsWith("From "));
  expect(from.sort()).toEqual(
    numbers(count)
      .map((n) => `From ${n}`)
      .sort(),
  );
}

test("clients that break off and call again all hear of their push, which is made once; no commit is lost or doubled", async () => {
  const ids = await racers("impatient", 6);
  const gate = gateOf("impatient");
  const before = stack.git.counters().pushes;
  const push = (sandbox_id: string, n: number, patience = {}) =>
    callOperation(stack.url, "push", { sandbox_id, message: `From ${n}`, to: "main" }, patience);
  for (let calls = 0; calls < 3; calls++) {
    const broken = ids.map((id, n) => push(id, n, { signal: AbortSignal.timeout(500) }));
    expect((await Promise.allSettled(broken)).map(({ status }) => status)).toEqual(ids.map(() => "rejected"));
  }
  await gate.reached();
  const answers = Promise.all(ids.map((id, n) => push(id, n)));
  gate.open();
  expect((await answers).map(({ status }) => status)).toEqual(ids.map(() => 200));
  expectAllOnce("impatient", ids.length);
  // If there is nothing to push, git asks for the refs and sends nothing.
  expect(stack.git.counters().pushes - before).toBe(ids.length);
});

test("a repeat joins the push that is at work and gets the same answer; another push waits for its end", async () => {
  const [sandbox_id = ""] = await racers("join", 1);
  const gate = gateOf("join");
  const body = { sandbox_id, message: "From 0", to: "main" };
  const { push: first } = await queued(body);
  await gate.reached();
  const { push: repeat } = await queued(body);
  const { push: again } = await queued(body);
  const { push: other } = await queued({ ...body, message: "Another" });
  gate.open();
  const outcome = await first;
  expect(outcome).toMatchObject({ committed: true, pushed: true });
  expect([await repeat, await again]).toEqual([outcome, outcome]);
  expect(await other).toMatchObject({ committed: false, pushed: false, commit: outcome["commit"] });
});

test("a repeat whose caller changed something meanwhile pushes that too", async () => {
  const [sandbox_id = ""] = await racers("changed", 1);
  const gate = gateOf("changed");
  const body = { sandbox_id, message: "From 0", to: "main" };
  const { push: first } = await queued(body);
  await gate.reached();
  writeFileSync(join(await treeOf("changed"), "later.txt"), "later\n");
  const { push: repeat } = await queued(body);
  gate.open();
  const [before, after] = await Promise.all([first, repeat]);
  expect(after).toMatchObject({ committed: true, pushed: true });
  expect(after["commit"]).not.toBe(before["commit"]);
  expect(remoteGit(stack, "changed", "rev-parse", "main")).toBe(after["commit"]);
  expect(remoteGit(stack, "changed", "ls-tree", "--name-only", "main").split("\n")).toContain("later.txt");
});

test("pushes to other branches, and those that name none, do not wait for one that is held up", async () => {
  const [held = "", other = "", own = ""] = await racers("apart", 3);
  const gate = gateOf("apart");
  const waiting = call(stack, "push", { sandbox_id: held, message: "From 0", to: "main" });
  await gate.reached();
  rmSync(join(stack.git.root, "apart.git", "hooks", "pre-receive"));
  onTestFinished(() => writeFileSync(join(stack.git.root, "apart.git", "hooks", "pre-receive"), ""));
  await call(stack, "push", { sandbox_id: other, message: "Other", to: "other" });
  await call(stack, "push", { sandbox_id: own, message: "Own" });
  expect(subjects("apart")).not.toContain("From 0");
  gate.open();
  await waiting;
});

test("pushes that name no branch, and lose a race, take their turns", async () => {
  const ids = await racers("unnamed", 4);
  const [first = "", ...others] = ids;
  await call(stack, "push", { sandbox_id: first, message: "From 0", to: "shared" });
  await Promise.all(
    others.map(async (sandbox_id) => {
      await call(stack, "branch", { sandbox_id, name: "shared", create: true });
    }),
  );
  const pushes = await Promise.all(
    others.map((sandbox_id, n) => call(stack, "push", { sandbox_id, message: `From ${n + 1}` })),
  );
  for (const push of pushes) expect(push).toMatchObject({ branch: "shared", committed: true, pushed: true });
  expectAllOnce("unnamed", ids.length, "shared");
});

test("steps with a push among them take their turn where they lose a race, and go on", async () => {
  const ids = await racers("steps", 4);
  const { facts } = await connect(`${stack.url}/mcp`, "2026-07-28");
  const answers = await Promise.all(
    ids.map((sandbox_id, n) =>
      facts("git_run", {
        sandbox_id,
        steps: [{ op: "status" }, { op: "push", message: `From ${n}`, to: "main" }, { op: "log", limit: 1 }],
      }),
    ),
  );
  for (const { done } of answers) {
    expect(done).toMatchObject([{ op: "status" }, { op: "push", committed: true, pushed: true }, { op: "log" }]);
  }
  expectAllOnce("steps", ids.length);
});

test("pushes of the same words that lost their races with commits of their own are two pushes", async () => {
  const [sandbox_id = "", first = "", second = ""] = await racers("same-words", 3);
  await call(stack, "push", { sandbox_id: first, message: "From 1", to: "main" });
  const gate = gateOf("same-words");
  const held = call(stack, "push", { sandbox_id: second, message: "From 2", to: "main" });
  await gate.reached();
  const { facts } = await connect(`${stack.url}/mcp`, "2026-07-28");
  const push = { op: "push", message: "Same", to: "main" };
  const run = () => facts("git_run", { sandbox_id, steps: [{ op: "status" }, push] });
  const commits = async () => JSON.stringify(await call(stack, "log", { sandbox_id })).split('"Same').length - 1;
  const one = run();
  await until("the first is committed", async () => (await commits()) === 1);
  await call(stack, "edit", { sandbox_id, files: [{ path: "later.txt", content: "later\n" }] });
  const two = run();
  await until("the second is committed", async () => (await commits()) === 2);
  gate.open();
  for (const { done } of [await one, await two]) {
    expect(done).toMatchObject([{ op: "status" }, { op: "push", committed: true }]);
  }
  await held;
  expect(remoteGit(stack, "same-words", "ls-tree", "--name-only", "main").split("\n")).toContain("later.txt");
});

test("a Worker that crashes while pushes wait loses none of them", async () => {
  const ids = await racers("crash", 3);
  const gate = gateOf("crash");
  const push = (sandbox_id: string, n: number): Promise<Result> =>
    call(stack, "push", { sandbox_id, message: `From ${n}`, to: "main" });
  const lost = Promise.allSettled(ids.map(push));
  await gate.reached();
  await stack.crashWorker();
  await lost;
  gate.open();
  await stack.startWorker();
  await Promise.all(ids.map(push));
  expectAllOnce("crash", ids.length);
});
