import { afterAll, beforeAll, expect, test } from "vitest";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { callOperation } from "../../scripts/support/client.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { type Gate, startGate } from "../support/gate.ts";
import { call } from "../support/worker.ts";

let stack: Stack;
let gate: Gate;
let other: Gate;
let repo_url: string;

beforeAll(async () => {
  [gate, other] = await Promise.all([startGate(), startGate()]);
  stack = await startStack({
    bindings: { ALLOWED_GIT_HOSTS: `${gate.url},${other.url}`, GIT_SANDBOX_MAX_RETRIES: "0" },
  });
  gate.lead(stack.git.url);
  await makeRepository(stack.git.root, "small", { files: 20, commits: 60 });
  repo_url = `${gate.url}/small.git`;
});
afterAll(async () => {
  await stack.close();
  await Promise.all([gate.shut(), other.shut()]);
});

const cloned = async (task_id: string) =>
  (await call(stack, "clone", { repo_url, agent_id: "ada", task_id })).sandbox_id;

test.each([
  [401, "git_auth_failed"],
  [403, "git_auth_failed"],
  [404, "repository_not_found"],
  [302, "host_not_allowed"],
  [413, "payload_too_large"],
  [429, "git_unreachable"],
  [500, "git_unreachable"],
  [503, "git_unreachable"],
])("a git host that answers %i is %s through the broker", async (status, code) => {
  const sandbox_id = await cloned(`status-${status}`);
  stack.git.setFaults({ fail: { count: 2, status } });
  const { json } = await callOperation(stack.url, "pull", { sandbox_id });
  stack.git.setFaults({});
  expect(json).toMatchObject({ code });
});

test("a redirect to another host, though allowed, is host_not_allowed, and nobody asks there", async () => {
  const sandbox_id = await cloned("redirected");
  const headers = { Location: `${other.url}/small.git/info/refs?service=git-upload-pack` };
  gate.setFaults({ instead: () => ({ status: 302, headers }) });
  const { json } = await callOperation(stack.url, "pull", { sandbox_id });
  gate.setFaults({});
  expect(json).toMatchObject({ code: "host_not_allowed" });
  expect(other.received()).toEqual([]);
});

test("a git host that is not there is git_unreachable", async () => {
  const sandbox_id = await cloned("gone");
  await gate.shut();
  const { json } = await callOperation(stack.url, "pull", { sandbox_id });
  await gate.open();
  expect(json).toMatchObject({ code: "git_unreachable", retryable: true });
});

test("an answer that breaks off is git_unreachable, and the next call works", async () => {
  const sandbox_id = await cloned("cut");
  gate.setFaults({ cutAfter: 100 });
  const clone = await callOperation(stack.url, "clone", { repo_url, agent_id: "bob", task_id: "cut" });
  expect(clone.json).toMatchObject({ code: "git_unreachable", retryable: true });
  await call(stack, "edit", { sandbox_id, files: [{ path: "cut.txt", content: "cut\n" }] });
  gate.setFaults({ cutAfter: 10 });
  const pushed = await callOperation(stack.url, "push", { sandbox_id, message: "cut" });
  gate.setFaults({});
  expect(pushed.json).toMatchObject({ code: "git_unreachable", work: { pushed: "unknown" } });
  expect(await call(stack, "push", { sandbox_id, message: "cut" })).toMatchObject({ to: "agent/ada/cut" });
});
