import { afterAll, beforeAll, expect, test } from "vitest";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { callOperation } from "../../scripts/support/client.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { clonedSchema, workspaceListSchema } from "../../src/api/schemas.ts";
import { call, hostedSandboxes } from "../support/worker.ts";

let stack: Stack;
let repo_url: string;

beforeAll(async () => {
  stack = await startStack();
  repo_url = `${stack.git.url}/one.git`;
  await makeRepository(stack.git.root, "one", { files: 30, commits: 3 });
});
afterAll(() => stack.close());

const headers = { Authorization: "Bearer dev" };
const WORK = { files: [{ path: "work.txt", content: "work\n" }] };

async function pause(sandbox_id: string): Promise<number> {
  const url = `${stack.url}/v1/workspaces/${sandbox_id}/pause`;
  return (await fetch(url, { method: "POST", headers })).status;
}

async function view(sandbox_id: string) {
  const listed = await (await fetch(`${stack.url}/v1/workspaces`, { headers })).json();
  const { workspaces } = workspaceListSchema.parse(listed);
  return workspaces.find((workspace) => workspace.sandbox_id === sandbox_id);
}

async function sandboxOf(sandbox_id: string) {
  const found = (await hostedSandboxes(stack)).find(({ metadata }) => metadata["warmtree_sandbox"] === sandbox_id);
  return found ?? expect.fail("E2B has no such sandbox");
}

/** Returns the problem of a call that failed. */
async function problem(operation: string, body: object) {
  const { status, json } = await callOperation(stack.url, operation, body);
  return { status, json };
}

/** Makes a workspace with an edit that is not pushed. */
async function editedWorkspace(agent_id: string) {
  const ids = { repo_url, agent_id, task_id: "t" };
  const { sandbox_id } = await call(stack, "clone", ids);
  await call(stack, "edit", { sandbox_id, ...WORK });
  return { ids, sandbox_id };
}

test.each([
  ["while it was paused", true],
  ["while it ran", false],
])("a sandbox that E2B lost %s: clone answers another at once and says what was lost", async (_, isPaused) => {
  const { ids, sandbox_id } = await editedWorkspace(isPaused ? "paused" : "running");
  const { sandboxID } = await sandboxOf(sandbox_id);
  if (isPaused) expect(await pause(sandbox_id)).toBe(204);
  await stack.host.vanish(sandboxID);
  const cloned = clonedSchema.strict().parse(await call(stack, "clone", ids));
  expect(cloned).toMatchObject({ created: true, source: "cold", lost: { unpushed: isPaused ? true : "unknown" } });
  expect(cloned.sandbox_id).not.toBe(sandbox_id);
  expect((await view(sandbox_id))?.lost).toEqual(cloned.lost);
  expect(await problem("edit", { sandbox_id, ...WORK })).toMatchObject({
    status: 410,
    json: {
      code: "workspace_gone",
      detail: expect.stringContaining("Clone again"),
      work: { pushed: false, tree: "unknown" },
    },
  });
  await call(stack, "edit", { sandbox_id: cloned.sandbox_id, ...WORK });
});
