import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { callOperation } from "../../scripts/support/client.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { call, remoteGit } from "../support/worker.ts";
import { connect } from "../../scripts/support/mcp-client.ts";

const START = "process.Process/Start";
const UPLOAD = "POST /files";

let stack: Stack;
let repo_url: string;

beforeAll(async () => {
  stack = await startStack({ bindings: { E2B_MAX_SANDBOXES: "100", GIT_SANDBOX_MAX_RETRIES: "0" } });
  repo_url = `${stack.git.url}/one.git`;
  await makeRepository(stack.git.root, "one", { files: 20, commits: 3 });
});
afterEach(() => stack.host.faults.reset());
afterAll(() => stack.close());

let workspaces = 0;
/** Makes a workspace with an uncommitted change. @returns it, and its number */
async function changed(): Promise<{ sandbox_id: string; nth: number }> {
  const nth = ++workspaces;
  const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id: `a${nth}`, task_id: "t" });
  await call(stack, "edit", { sandbox_id, files: [{ path: "mine.txt", content: "mine\n" }] });
  return { sandbox_id, nth };
}

const requests = (route: string) => stack.host.counters().byRoute[route] ?? 0;

const READS = {
  status: {},
  diff: {},
  log: {},
  read: { path: "README.md" },
  search: { pattern: "Sample" },
};
const WRITES = {
  edit: { files: [{ path: "more.txt", content: "more\n" }] },
  branch: { name: "other", create: true },
  restore: { all: true },
  pull: {},
  push: { message: "mine" },
};

const FAULTS = [
  ["a 429", { sandboxErrors: { count: 1, status: 429, retryAfterS: 0, route: START } }],
  ["a 500", { sandboxErrors: { count: 1, status: 500, route: START } }],
  ["a connection reset before the answer", { sandboxErrors: { count: 1, route: START } }],
  ["a stream cut in the middle", { cutStreams: { count: 1, afterEvents: 1 } }],
] as const;

test.each(FAULTS)("%s costs a read one more request, and the pool is not asked", async (_what, fault) => {
  const { sandbox_id } = await changed();
  for (const [operation, asked] of Object.entries(READS)) {
    await call(stack, operation, { sandbox_id, ...asked });
    const good = stack.host.counters();
    await call(stack, operation, { sandbox_id, ...asked });
    const once = stack.host.counters().sandbox - good.sandbox;
    const before = stack.host.counters();
    stack.host.faults.set(fault);
    await call(stack, operation, { sandbox_id, ...asked });
    expect(stack.host.counters().sandbox - before.sandbox).toBe(once + 1);
    expect(stack.host.counters().control).toBe(before.control);
  }
});

test("a 429 starts nothing, so what changes something is tried again too", async () => {
  for (const [operation, asked] of Object.entries(WRITES)) {
    const { sandbox_id } = await changed();
    stack.host.faults.set({ sandboxErrors: { count: 2, status: 429, retryAfterS: 0, route: START } });
    await call(stack, operation, { sandbox_id, ...asked });
    expect(stack.host.faults.settings.sandboxErrors?.count).toBe(0);
  }
  stack.host.faults.set({ sandboxErrors: { count: 2, status: 429, retryAfterS: 0, route: START } });
  expect(await call(stack, "clone", { repo_url, agent_id: "busy", task_id: "t" })).toMatchObject({ created: true });
});

test("a sandbox between two states is asked for, as one that does not run", async () => {
  const { sandbox_id } = await changed();
  stack.host.faults.set({ sandboxErrors: { count: 1, status: 409, route: START } });
  expect(await call(stack, "edit", { sandbox_id, ...WRITES.edit })).toMatchObject({ changed: [{ path: "more.txt" }] });
});

test.each(FAULTS.slice(1))(
  "after %s an operation that changes something is not repeated, and tells the truth",
  async (_what, fault) => {
    for (const [operation, asked] of Object.entries(WRITES)) {
      const { sandbox_id } = await changed();
      stack.host.faults.set(fault);
      const before = requests(START);
      const { status, json } = await callOperation(stack.url, operation, { sandbox_id, ...asked });
      expect(requests(START) - before).toBe(1);
      expect([operation, status, json]).toMatchObject([
        operation,
        503,
        {
          code: "sandbox_unavailable",
          retryable: true,
          work: { pushed: operation === "push" ? "unknown" : false, tree: "unknown" },
        },
      ]);
    }
    stack.host.faults.set(fault);
    const cloning = { repo_url, agent_id: `c${++workspaces}`, task_id: "t" };
    expect((await callOperation(stack.url, "clone", cloning)).json).toMatchObject({
      code: "sandbox_unavailable",
      work: { pushed: false, tree: "unknown" },
    });
    await call(stack, "clone", cloning);
  },
);

test("where there is no sandbox to be had, every operation says that nothing was done", async () => {
  const told = { code: "sandbox_unavailable", work: { pushed: false, tree: "unchanged" } };
  const { sandbox_id } = await changed();
  const headers = { Authorization: "Bearer dev" };
  expect((await fetch(`${stack.url}/v1/workspaces/${sandbox_id}/pause`, { method: "POST", headers })).status).toBe(204);
  stack.host.faults.set({ controlErrors: { count: 100, status: 500 } });
  const cloning = { repo_url, agent_id: `n${++workspaces}`, task_id: "t" };
  expect((await callOperation(stack.url, "clone", cloning)).json).toMatchObject(told);
  for (const [operation, asked] of Object.entries({ ...READS, ...WRITES })) {
    const { json } = await callOperation(stack.url, operation, { sandbox_id, ...asked });
    expect([operation, json]).toMatchObject([operation, told]);
  }
});

test("steps: only with a push among them may they be pushed", async () => {
  const { sandbox_id } = await changed();
  const { call: tool, client } = await connect(`${stack.url}/mcp`, "2025-11-25");
  const steps = [{ op: "edit", ...WRITES.edit }, { op: "pull" }];
  stack.host.faults.set({ cutStreams: { count: 1, afterEvents: 1 } });
  expect(await tool("git_run", { sandbox_id, steps })).toMatchObject({
    isError: true,
    facts: { work: { pushed: false, tree: "unknown" } },
  });
  stack.host.faults.set({ cutStreams: { count: 1, afterEvents: 1 } });
  expect(await tool("git_run", { sandbox_id, steps: [...steps, { op: "push", message: "x" }] })).toMatchObject({
    isError: true,
    facts: { work: { pushed: "unknown", tree: "unknown" } },
  });
  await client.close();
});

test("where the git host does not answer, only a push may be pushed", async () => {
  const { sandbox_id } = await changed();
  const cloning = { repo_url, agent_id: `g${++workspaces}`, task_id: "t" };
  const told = async (operation: string, body: object) => {
    stack.git.setFaults({ fail: { count: 100, status: 503 } });
    const { json } = await callOperation(stack.url, operation, body);
    stack.git.setFaults({});
    return json;
  };
  const unreachable = (pushed: unknown) => ({ code: "git_unreachable", work: { pushed } });
  expect(await told("clone", cloning)).toMatchObject(unreachable(false));
  expect(await told("pull", { sandbox_id })).toMatchObject(unreachable(false));
  expect(await told("push", { sandbox_id, message: "mine" })).toMatchObject(unreachable("unknown"));
  const { call: tool, client } = await connect(`${stack.url}/mcp`, "2025-11-25");
  stack.git.setFaults({ fail: { count: 100, status: 503 } });
  const ran = await tool("git_run", { sandbox_id, steps: [{ op: "status" }, { op: "pull" }] });
  stack.git.setFaults({});
  expect(ran).toMatchObject({ isError: true, facts: unreachable(false) });
  await client.close();
});

test("a push whose answer was lost is not doubled by calling it again", async () => {
  const { sandbox_id, nth } = await changed();
  stack.host.faults.set({ cutStreams: { count: 1, afterEvents: 1 } });
  await callOperation(stack.url, "push", { sandbox_id, message: "mine" });
  await call(stack, "push", { sandbox_id, message: "mine" });
  expect(remoteGit(stack, "one", "rev-list", "--count", `main..agent/a${nth}/t`)).toBe("1");
});

test("a long wait is the caller's: it gets the time that the sandbox asked for", async () => {
  const { sandbox_id } = await changed();
  stack.host.faults.set({ sandboxErrors: { count: 1, status: 429, retryAfterS: 25, route: START } });
  const { status, json, headers } = await callOperation(stack.url, "edit", { sandbox_id, ...WRITES.edit });
  expect([status, headers.get("Retry-After"), json]).toMatchObject([
    429,
    "25",
    { code: "rate_limited", retry_after: 25, work: { pushed: false, tree: "unchanged" } },
  ]);
});

test("a sandbox that fails for good: four tries, then a read says that nothing was changed", async () => {
  const { sandbox_id } = await changed();
  for (const status of [429, 500] as const) {
    stack.host.faults.set({ sandboxErrors: { count: 100, status, route: START } });
    const before = requests(START);
    const { json } = await callOperation(stack.url, "log", { sandbox_id });
    expect(requests(START) - before).toBe(4);
    expect(json).toMatchObject({ retryable: true, work: { pushed: false, tree: "unchanged" } });
  }
});

test("an upload that fails is repeated; where it fails for good, the edit was not begun", async () => {
  const { sandbox_id } = await changed();
  const files = [{ path: "large.txt", content: "line\n".repeat(200_000) }];
  stack.host.faults.set({ sandboxErrors: { count: 2, route: UPLOAD } });
  expect(await call(stack, "edit", { sandbox_id, files })).toMatchObject({ changed: [{ path: "large.txt" }] });
  stack.host.faults.set({ sandboxErrors: { count: 100, status: 500, route: UPLOAD } });
  const before = requests(START);
  const { json } = await callOperation(stack.url, "edit", { sandbox_id, files });
  expect(requests(START)).toBe(before);
  expect(json).toMatchObject({
    code: "sandbox_unavailable",
    detail: "The sandbox did not answer edit. Nothing was done: call again.",
    work: { pushed: false, tree: "unchanged" },
  });
});
