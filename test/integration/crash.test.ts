import { afterEach, beforeEach, expect, test } from "vitest";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { callOperation } from "../../scripts/support/client.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { workspaceListSchema } from "../../src/api/schemas.ts";
import { until } from "../support/until.ts";
import { call, hostedSandboxes, remoteGit } from "../support/worker.ts";

let stack: Stack;
let repo_url: string;

beforeEach(async () => {
  stack = await startStack();
  repo_url = `${stack.git.url}/one.git`;
  await makeRepository(stack.git.root, "one", { files: 50, commits: 5 });
});
afterEach(() => stack.close());

/** Sends an operation whose answer may not arrive. */
function send(operation: string, body: object): Promise<unknown> {
  return callOperation(stack.url, operation, body).catch((error: unknown) => error);
}

/** Kills the Worker's process when the condition holds, and starts it again on the same storage. */
async function crashWhen(
  what: string,
  condition: () => boolean | Promise<boolean>,
  lost: Promise<unknown>,
): Promise<void> {
  await until(what, condition);
  await stack.crashWorker();
  expect(await lost).toBeInstanceOf(Error);
  await stack.startWorker();
}

/** Expects one workspace and one sandbox that belong together. */
async function expectOneSandbox(): Promise<void> {
  const listed = await fetch(`${stack.url}/v1/workspaces`, { headers: { Authorization: "Bearer dev" } });
  const { workspaces } = workspaceListSchema.parse(await listed.json());
  expect(workspaces).toHaveLength(1);
  const sandboxes = await hostedSandboxes(stack);
  expect(sandboxes.map(({ metadata }) => metadata["warmtree_sandbox"])).toEqual(workspaces.map((w) => w.sandbox_id));
}

test.each(["before", "after"] as const)("crash while a sandbox is being started (%s E2B made it)", async (when) => {
  stack.host.faults.set({ hangCreates: { count: 1, when } });
  const lost = send("clone", { repo_url });
  await crashWhen("the start hangs", () => stack.host.faults.settings.hangingCreates === 1, lost);
  stack.host.faults.reset();
  expect(await call(stack, "clone", { repo_url })).toMatchObject({ branch: "main", created: true });
  await expectOneSandbox();
});

test("crash in the middle of a clone: the same call finds the workspace and a whole tree", async () => {
  stack.git.setFaults({ delayMs: 300 });
  const lost = send("clone", { repo_url });
  await crashWhen("git asks the remote", () => stack.git.counters().discoveries > 0, lost);
  stack.git.setFaults({});
  const { sandbox_id, head } = await call(stack, "clone", { repo_url });
  expect(head).toBe(remoteGit(stack, "one", "rev-parse", "main"));
  expect(await call(stack, "status", { sandbox_id })).toMatchObject({ clean: true });
  await expectOneSandbox();
});

test.each([
  ["before the push reaches the remote", () => stack.git.counters().requests > 0],
  ["when the push is with the remote", () => stack.git.counters().pushes > 0],
])("crash in the middle of a push, %s: no commit is lost, none doubled", async (what, reached) => {
  const { sandbox_id } = await call(stack, "clone", { repo_url });
  await call(stack, "edit", { sandbox_id, files: [{ path: "mine.txt", content: "mine\n" }] });
  const before = stack.git.counters();
  stack.git.setFaults({ delayMs: 300 });
  const lost = send("push", { sandbox_id, message: "mine", to: "main" });
  await crashWhen(what, () => stack.git.counters().requests > before.requests && reached(), lost);
  stack.git.setFaults({});
  await call(stack, "push", { sandbox_id, message: "mine", to: "main" });
  expect(
    remoteGit(stack, "one", "log", "--format=%s", "-n", "2", "main")
      .split("\n")
      .filter((s) => s === "mine"),
  ).toHaveLength(1);
  expect(remoteGit(stack, "one", "rev-list", "--count", "main")).toBe("6");
  expect(await call(stack, "status", { sandbox_id })).toMatchObject({ clean: true, ahead: 0, behind: 0 });
  await expectOneSandbox();
});
