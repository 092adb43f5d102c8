import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeRepository, SAMPLES } from "../../scripts/sample-remote/repositories.ts";
import { callOperation } from "../../scripts/support/client.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { INPUT_EXAMPLES } from "../../src/api/examples.ts";
import { clonedSchema, workspaceListSchema } from "../../src/api/schemas.ts";
import { OPERATIONS } from "../../src/ops/registry.ts";
import { call, hostedSandboxes, remoteGit } from "../support/worker.ts";

const sha256 = (key: string) => createHash("sha256").update(key).digest("hex");
const KEYS = { acme: "wt_acme_key", other: "wt_other_key" };
const acme = { key: KEYS.acme };
const other = { key: KEYS.other };

let stack: Stack;
let repo_url: string;
const logged: string[] = [];

beforeAll(async () => {
  const API_KEYS = Object.entries(KEYS)
    .map(([tenant, key]) => `${tenant}=${sha256(key)}`)
    .join(",");
  stack = await startStack({ bindings: { API_KEYS }, log: (line) => logged.push(line) });
  await makeRepository(stack.git.root, "small", SAMPLES.small);
  repo_url = `${stack.git.url}/small.git`;
});
afterAll(() => stack.close());

test("every operation, over HTTP, in one request to the sandbox and one call of the object; answers are as described", async () => {
  const clone = await call(stack, "clone", { repo_url, agent_id: "ada", task_id: "t1" }, acme);
  expect(clonedSchema.strict().parse(clone)).toMatchObject({ branch: "agent/ada/t1", base: "main", source: "cold" });
  const { sandbox_id } = clone;
  const bodies: [operation: string, body: object][] = [
    ["status", {}],
    ["read", { path: "README.md" }],
    ["read", {}],
    ["search", { pattern: "Small" }],
    ["edit", { files: [{ path: "notes/a b.md", content: "# Notes\n" }] }],
    ["diff", {}],
    ["log", { limit: 3 }],
    ["log", { ref: "origin/main~1..", files: true }],
    ["blame", { path: "README.md" }],
    ["branch", {}],
    ["pull", {}],
    ["push", { message: "Add notes" }],
    ["tag", { name: "v1", push: true }],
    ["apply", { commits: ["HEAD"], revert: true }],
    ["restore", { all: true }],
    ["status", {}],
  ];
  for (const [operation, body] of bodies) {
    const before = stack.host.counters();
    const answer = await callOperation(stack.url, operation, { sandbox_id, ...body }, acme);
    expect([operation, answer.status, answer.json]).toMatchObject([operation, 200, {}]);
    OPERATIONS.find(({ name }) => name === operation)?.output.parse(answer.json);
    const after = stack.host.counters();
    expect([operation, after.sandbox - before.sandbox, after.control - before.control]).toEqual([operation, 1, 0]);
    expect(answer.headers.get("Server-Timing")).toContain('object;desc="1"');
  }
  expect(remoteGit(stack, "small", "show", "agent/ada/t1:notes/a b.md")).toBe("# Notes");
});

test("asked again, the same workspace; another tenant sees nothing of it", async () => {
  const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id: "ada", task_id: "t2" }, acme);
  const again = await call(stack, "clone", { repo_url: `${repo_url}/`, agent_id: "ada", task_id: "t2" }, acme);
  expect(again).toMatchObject({ sandbox_id, source: "live", created: false });
  const foreign = await call(stack, "clone", { repo_url, agent_id: "ada", task_id: "t2" }, other);
  expect(foreign.sandbox_id).not.toBe(sandbox_id);
  for (const { name } of OPERATIONS.filter((operation) => operation.name !== "clone")) {
    const full = { ...INPUT_EXAMPLES[name], sandbox_id };
    const { status, json } = await callOperation(stack.url, name, full, other);
    expect([name, status, json]).toMatchObject([name, 404, { code: "workspace_not_found" }]);
  }
  const list = async (key: string) => {
    const answer = await fetch(`${stack.url}/v1/workspaces`, { headers: { Authorization: `Bearer ${key}` } });
    return workspaceListSchema.parse(await answer.json()).workspaces.map((workspace) => workspace.sandbox_id);
  };
  expect(await list(KEYS.other)).toEqual([foreign.sandbox_id]);
  expect(await list(KEYS.acme)).toContain(sandbox_id);
});

test("an edit too large for arguments goes in one upload and one run, byte for byte", async () => {
  const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id: "ada", task_id: "big" }, acme);
  const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, n) => (n * 7919) % 251));
  const before = stack.host.counters().sandbox;
  const files = [{ path: "big.bin", base64: bytes.toString("base64") }];
  expect(await call(stack, "edit", { sandbox_id, files }, acme)).toMatchObject({
    changed: [{ path: "big.bin", change: "added" }],
  });
  expect(stack.host.counters().sandbox - before).toBe(2);
  await call(stack, "push", { sandbox_id, message: "Big" }, acme);
  const size = remoteGit(stack, "small", "cat-file", "-s", "agent/ada/big:big.bin");
  expect(size).toBe("3000000");
  expect(await call(stack, "read", { sandbox_id, path: "big.bin", max_bytes: 1000 }, acme)).toMatchObject({
    encoding: "base64",
    content: bytes.subarray(0, 1000).toString("base64"),
    truncated: true,
  });
});

test("a sandbox that E2B paused, or lost, under a workspace", async () => {
  const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id: "ada", task_id: "lost" }, acme);
  const mine = async () => {
    const found = (await hostedSandboxes(stack)).find(({ metadata }) => metadata["warmtree_sandbox"] === sandbox_id);
    if (!found) throw new Error("the sandbox is not there");
    return found.sandboxID;
  };
  await fetch(`${stack.host.url}/sandboxes/${await mine()}/pause`, {
    method: "POST",
    headers: { "X-API-Key": "local" },
  });
  expect(await call(stack, "status", { sandbox_id }, acme)).toMatchObject({ clean: true });
  await fetch(`${stack.host.url}/_local/sandboxes/${await mine()}`, { method: "DELETE" });
  const { status, json } = await callOperation(stack.url, "status", { sandbox_id }, acme);
  expect([status, json]).toMatchObject([
    410,
    { code: "workspace_gone", detail: expect.stringContaining("Clone again") },
  ]);
  const next = await call(stack, "clone", { repo_url, agent_id: "ada", task_id: "lost" }, acme);
  expect(next).toMatchObject({ source: "cold", created: true });
});

test("a stream that breaks: a read is asked again, a write says that it may have been done, and doing it again is safe", async () => {
  const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id: "ada", task_id: "cut" }, acme);
  stack.host.faults.set({ cutStreams: { count: 1, afterEvents: 1 } });
  expect(await call(stack, "status", { sandbox_id }, acme)).toMatchObject({ clean: true });
  await call(stack, "edit", { sandbox_id, files: [{ path: "x.txt", content: "x\n" }] }, acme);
  stack.host.faults.set({ cutStreams: { count: 1, afterEvents: 1 } });
  const { status, json } = await callOperation(stack.url, "push", { sandbox_id, message: "x" }, acme);
  expect([status, json]).toMatchObject([
    503,
    { code: "sandbox_unavailable", work: { pushed: "unknown", tree: "unknown" } },
  ]);
  await call(stack, "push", { sandbox_id, message: "x" }, acme);
  expect(remoteGit(stack, "small", "rev-list", "--count", "main..agent/ada/cut")).toBe("1");
});

test("bad input changes nothing and names the field; nothing unexpected was logged", async () => {
  const { status, json } = await callOperation(stack.url, "clone", { repo_url, agent: "ada" }, acme);
  expect([status, json]).toMatchObject([400, { code: "invalid_input", field: "agent" }]);
  expect(logged.filter((line) => line.includes('"internal"'))).toEqual([]);
});
