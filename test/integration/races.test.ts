import { afterAll, beforeAll, expect, test } from "vitest";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { call, remoteGit } from "../support/worker.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

test("8 pushes of 8 files at once in one workspace: 8 commits, each holding its own file, nobody fails", async () => {
  await makeRepository(stack.git.root, "one", { files: 50, commits: 5 });
  const { sandbox_id } = await call(stack, "clone", { repo_url: `${stack.git.url}/one.git` });
  const files = numbers(8).map((n) => ({ path: `new/file ${n}.txt`, content: `${n}\n` }));
  await call(stack, "edit", { sandbox_id, files });
  const pushes = await Promise.all(
    files.map(({ path }) => call(stack, "push", { sandbox_id, message: `Add ${path}`, files: [path], to: "main" })),
  );
  expect(new Set(pushes.map(({ commit }) => commit)).size).toBe(8);
  expect(remoteGit(stack, "one", "rev-list", "--count", "main")).toBe("13");
  for (const [n, push] of pushes.entries()) {
    const commit = String(push["commit"]);
    expect(remoteGit(stack, "one", "diff-tree", "-r", "--no-commit-id", "--name-only", commit)).toBe(files[n]?.path);
  }
});

const RACERS = process.env["NIGHTLY"] ? 32 : 6;

test(`${RACERS} workspaces push ${RACERS} files to one branch at once: all commits are there`, async () => {
  await makeRepository(stack.git.root, "many", { files: 50, commits: 5 });
  const agents = await Promise.all(
    numbers(RACERS).map((n) =>
      call(stack, "clone", { repo_url: `${stack.git.url}/many.git`, agent_id: `agent${n}`, task_id: "race" }),
    ),
  );
  await Promise.all(
    agents.map(({ sandbox_id }, n) =>
      call(stack, "edit", { sandbox_id, files: [{ path: `from-${n}.txt`, content: `${n}\n` }] }),
    ),
  );
  const pushes = await Promise.all(
    agents.map(({ sandbox_id }, n) => call(stack, "push", { sandbox_id, message: `From ${n}`, to: "main" })),
  );
  expect(pushes.every((push) => push["pushed"] === true && push["committed"] === true)).toBe(true);
  const subjects = remoteGit(stack, "many", "log", "--format=%s", "-n", String(RACERS), "main").split("\n");
  expect(subjects.sort()).toEqual(
    numbers(RACERS)
      .map((n) => `From ${n}`)
      .sort(),
  );
  const names = remoteGit(stack, "many", "ls-tree", "--name-only", "main").split("\n");
  expect(names.filter((name) => name.startsWith("from-"))).toHaveLength(RACERS);
});
