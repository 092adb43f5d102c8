import { readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { countTokens as cl100k } from "gpt-tokenizer/encoding/cl100k_base";
import { countTokens as o200k } from "gpt-tokenizer/encoding/o200k_base";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod/v4";
import { makeRepository, SAMPLES } from "../../scripts/sample-remote/repositories.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { INSTRUCTIONS, TOOLS } from "../../src/mcp/tools.ts";
import { until } from "../support/until.ts";
import { hostedSandboxes, remoteGit } from "../support/worker.ts";
import { connect, ERAS, type McpClient } from "../../scripts/support/mcp-client.ts";
import { post } from "./mcp-post.ts";

let stack: Stack;
let url: string;
let repo_url: string;

beforeAll(async () => {
  stack = await startStack();
  url = `${stack.url}/mcp`;
  repo_url = `${stack.git.url}/small.git`;
  await makeRepository(stack.git.root, "small", SAMPLES.small);
});
afterAll(() => stack.close());

/** Opens a workspace of the test's own. */
const workspace = async ({ facts }: McpClient, task_id: string) =>
  (await facts("git_clone", { repo_url, agent_id: "mcp", task_id })).sandbox_id;

const processStarts = () => stack.host.counters().byRoute["process.Process/Start"] ?? 0;

test.each(ERAS)("the official client does the main job, opening with %s", async (era) => {
  const agent = await connect(url, era);
  const { client, facts } = agent;
  expect(client.getServerVersion()).toMatchObject({ name: "warmtree" });
  expect(client.getInstructions()).toBe(INSTRUCTIONS);
  const { tools } = await client.listTools();
  expect(
    tools.map(({ name, description, inputSchema, title, annotations }) => [
      name,
      description,
      inputSchema,
      title,
      annotations,
    ]),
  ).toEqual(
    TOOLS.map(({ name, description, inputSchema, title, annotations }) => [
      name,
      description,
      inputSchema,
      title,
      annotations,
    ]),
  );

  const branch = `agent/mcp/${era}`;
  const cloned = await facts("git_clone", { repo_url, agent_id: "mcp", task_id: era });
  expect(cloned).toMatchObject({ branch, created: true, base: "main" });
  const { sandbox_id } = cloned;
  const read = await facts("git_read", { sandbox_id, path: "README.md" });
  expect(read).toMatchObject({ kind: "file", content: expect.stringContaining("# Small") });
  await facts("git_edit", {
    sandbox_id,
    files: [
      { path: "README.md", content: `# ${era}\n` },
      { path: "new.txt", content: "new\n" },
    ],
  });
  expect(await facts("git_status", { sandbox_id })).toMatchObject({ clean: false, total: 2, untracked: ["new.txt"] });
  const diff = await facts("git_diff", { sandbox_id });
  expect(diff["diff"]).toContain(`+# ${era}`);
  expect(await facts("git_pull", { sandbox_id })).toMatchObject({ how: "nothing_new" });
  const pushed = await facts("git_push", { sandbox_id, message: `From ${era}` });
  expect(pushed).toMatchObject({ pushed: true, to: branch });
  expect(remoteGit(stack, "small", "rev-parse", branch)).toBe(pushed["commit"]);
  expect(await facts("git_clone", { repo_url, agent_id: "mcp", task_id: era })).toMatchObject({
    sandbox_id,
    created: false,
  });
  await client.close();
});

const workspaceSchema = z.object({ sandbox_id: z.string(), state: z.string() });

/** Returns the state of a workspace without opening it. */
async function stateOf(sandbox_id: string | undefined): Promise<string | undefined> {
  const answer = await fetch(`${stack.url}/v1/workspaces`, { headers: { Authorization: "Bearer dev" } });
  const { workspaces } = z.object({ workspaces: z.array(workspaceSchema) }).parse(await answer.json());
  return workspaces.find((each) => each.sandbox_id === sandbox_id)?.state;
}

async function pause(sandbox_id: string | undefined): Promise<void> {
  const headers = { Authorization: "Bearer dev" };
  await fetch(`${stack.url}/v1/workspaces/${sandbox_id}/pause`, { method: "POST", headers });
  expect(await stateOf(sandbox_id)).toBe("paused");
}

test.each(ERAS)(
  "a session that opens with %s resumes the workspace that was used last, or the one it names",
  async (era) => {
    const agent = await connect(url, era);
    const named = await workspace(agent, `named-${era}`);
    const last = await workspace(agent, `last-${era}`);
    await pause(named);
    await pause(last);
    await connect(`${url}?sandbox_id=${named}`, era);
    await until("the named one runs", async () => (await stateOf(named)) === "bound");
    expect(await stateOf(last)).toBe("paused");
    await pause(named);
    await workspace(agent, `last-${era}`);
    await pause(last);
    await connect(`${url}?sandbox_id=s9-nobodys`, era);
    expect(await stateOf(last)).toBe("paused");
    await connect(url, era);
    await until("the last one runs", async () => (await stateOf(last)) === "bound");
    expect(await stateOf(named)).toBe("paused");
  },
);

test("steps of one workspace are one request to the sandbox; every operation can be a step", async () => {
  const agent = await connect(url, "2026-07-28");
  const sandbox_id = await workspace(agent, "steps");
  const before = processStarts();
  const { done } = await agent.facts("git_run", {
    sandbox_id,
    steps: [
      { op: "branch", name: "topic", create: true },
      {
        op: "git_edit",
        files: [
          { path: "steps.txt", content: "one\ntwo\n" },
          { path: "README.md", delete: true },
        ],
      },
      { op: "restore", paths: ["README.md"] },
      { op: "diff", file: "steps.txt" },
      { op: "push", message: "Steps" },
      { op: "pull" },
      { op: "log", limit: 1 },
      { op: "search", pattern: "two", path: "steps.txt" },
      { op: "read", path: "steps.txt" },
      { op: "status" },
    ],
  });
  expect(processStarts() - before).toBe(1);
  expect(done).toMatchObject([
    { op: "branch", current: "topic" },
    { op: "edit", changed: [{}, {}] },
    { op: "restore", restored: ["README.md"] },
    { op: "diff", diff: expect.stringContaining("+two") },
    { op: "push", pushed: true, to: "topic" },
    { op: "pull", how: "nothing_new" },
    { op: "log", commits: [{ subject: "Steps" }] },
    { op: "search", matches: [{ path: "steps.txt", line: 2, text: "two" }] },
    { op: "read", content: "one\ntwo\n" },
    { op: "status", clean: true, branch: "topic" },
  ]);
});

test("an edit that is too large for arguments can be a step, and larger ones follow in requests of their own", async () => {
  const agent = await connect(url, "2026-07-28");
  const sandbox_id = await workspace(agent, "large");
  const edit = (name: string, bytes: number) => ({
    op: "edit",
    files: [{ path: name, content: name.repeat(bytes / 4) }],
  });
  const before = processStarts();
  const steps = [
    edit("a.md", 600_000),
    { op: "status" },
    edit("b.md", 600_000),
    edit("c.md", 400_000),
    { op: "status" },
  ];
  const { done } = await agent.facts("git_run", { sandbox_id, steps });
  expect(processStarts() - before).toBe(3);
  expect(done).toMatchObject([{}, { untracked: ["a.md"] }, {}, {}, { untracked: ["a.md", "b.md", "c.md"] }]);
});

test("each step is counted as the operation it is", async () => {
  const agent = await connect(url, "2026-07-28");
  const sandbox_id = await workspace(agent, "counted");
  const counts = async (operation: string, status: string) => {
    const text = await (await fetch(`${stack.url}/metrics`)).text();
    return Number(
      new RegExp(`^git_operations_total\\{operation="${operation}",status="${status}"\\} (\\d+)`, "m").exec(text)?.[1],
    );
  };
  const [diffs, failures] = [await counts("diff", "success"), await counts("other", "failure")];
  await agent.call("git_run", {
    sandbox_id,
    steps: [{ op: "diff" }, { op: "diff" }, { op: "branch", name: "nowhere" }],
  });
  await until("two diffs and a failure are counted", async () => {
    // Counts of earlier tests may still have been under way.
    return (await counts("diff", "success")) >= diffs + 2 && (await counts("other", "failure")) >= failures + 1;
  });
});

test("a clone step gives its workspace to the steps after it", async () => {
  const agent = await connect(url, "2025-11-25");
  const other = await workspace(agent, "other");
  const before = processStarts();
  const { done } = await agent.facts("git_run", {
    sandbox_id: other,
    steps: [
      { op: "status" },
      { op: "clone", repo_url, agent_id: "mcp", task_id: "within" },
      { op: "edit", files: [{ path: "within.txt", content: "" }] },
      { op: "status" },
      { op: "status", sandbox_id: other },
    ],
  });
  expect(processStarts() - before).toBe(4);
  expect(done).toMatchObject([
    { clean: true, branch: "agent/mcp/other" },
    { created: true },
    {},
    { untracked: ["within.txt"], branch: "agent/mcp/within" },
    { clean: true, branch: "agent/mcp/other" },
  ]);
});

test("a step that finds that its partial clone lacks something is sent again by itself, and the steps after it follow", async () => {
  const agent = await connect(url, "2026-07-28");
  const { done } = await agent.facts("git_run", {
    steps: [
      { op: "clone", repo_url, agent_id: "mcp", task_id: "partial", filter: "blob:none" },
      { op: "status" },
      { op: "read", path: "docs/search.md", ref: "feature/search" },
      { op: "status" },
    ],
  });
  expect(done).toMatchObject([{ filter: "blob:none" }, {}, { content: "How search works.\n" }, { clean: true }]);
});

test("steps stop at the first failure and say what was done, what failed and what was not begun", async () => {
  const agent = await connect(url, "2026-07-28");
  const sandbox_id = await workspace(agent, "stop");
  const edit = (path: string) => ({ op: "edit", files: [{ path, content: "x\n" }] });
  const { isError, facts } = await agent.call("git_run", {
    sandbox_id,
    steps: [edit("kept.txt"), { op: "branch", name: "nowhere" }, edit("never.txt"), { op: "push", message: "m" }],
  });
  expect(isError).toBe(true);
  expect(facts).toMatchObject({
    code: "ref_not_found",
    detail: expect.stringContaining("nowhere"),
    work: { pushed: false, tree: "unchanged" },
    done: [{ op: "edit", changed: [{ path: "kept.txt" }] }],
    stopped_at: ["branch"],
    not_begun: ["edit", "push"],
  });
  expect(await agent.facts("git_status", { sandbox_id })).toMatchObject({ untracked: ["kept.txt"] });
});

test("a wrong step is told before any is begun, by its place", async () => {
  const agent = await connect(url, "2026-07-28");
  const sandbox_id = await workspace(agent, "wrong");
  const before = processStarts();
  const push = { op: "push", message: "m" };
  const wrong = async (...steps: object[]) =>
    (await agent.call("git_run", { sandbox_id, steps: [push, ...steps] })).facts;
  expect(await wrong({ op: "search", patern: "x" })).toMatchObject({ code: "invalid_input", field: "steps.1.pattern" });
  expect(await wrong({ op: "fetch" })).toMatchObject({ code: "unknown_operation", field: "steps.1.op" });
  expect(await wrong({ op: "run", steps: [] })).toMatchObject({ code: "unknown_operation" });
  const nowhere = await agent.call("git_run", { steps: [{ op: "status" }] });
  expect(nowhere.facts).toMatchObject({ code: "invalid_input", field: "steps.0.sandbox_id" });
  expect(processStarts()).toBe(before);
});

test("failures are answers with code, outcome and advice, in both eras", async () => {
  for (const era of ERAS) {
    const { call } = await connect(url, era);
    const refused = await call("git_clone", { repo_url: "https://evil.example/o/r" });
    expect(refused).toMatchObject({ isError: true, facts: { code: "host_not_allowed", retryable: false } });
    const missing = await call("git_clone", { repo_url: `${stack.git.url}/none.git` });
    expect(missing).toMatchObject({ isError: true, facts: { code: "repository_not_found", work: { pushed: false } } });
    expect((await call("git_status", { sandbox_id: "s0-00000000000000000000" })).facts).toMatchObject({
      code: "workspace_not_found",
    });
    expect((await call("git_push", {})).facts).toMatchObject({ code: "invalid_input", field: "sandbox_id" });
    await expect(call("git_fetch", {})).rejects.toThrow(/git_fetch/);
  }
});

test("a tool that is an operation of git_run, or has another name, is said to be there", async () => {
  for (const era of ERAS) {
    const { call } = await connect(url, era);
    for (const name of ["git_log", "log"]) {
      expect(await call(name, { sandbox_id: "s", ref: "main" })).toMatchObject({
        isError: true,
        facts: {
          code: "unknown_operation",
          detail: expect.stringContaining('git_run {"sandbox_id": "…", "steps": [{"op": "log"'),
        },
      });
    }
    const { facts } = await call("status", {});
    expect(facts).toMatchObject({ detail: "There is no tool 'status'. Call git_status. Nothing was done." });
  }
});

test("fields that clients add are ignored and named, those that may mean another are refused", async () => {
  const agent = await connect(url, "2026-07-28");
  const sandbox_id = await workspace(agent, "added");
  const added = { toolCallId: "call_x", sessionId: "1" };
  expect(await agent.facts("git_status", { sandbox_id, ...added })).toMatchObject({
    ignored: ["toolCallId", "sessionId"],
  });
  expect(await agent.facts("git_status", { sandbox_id })).not.toHaveProperty("ignored");
  const steps = [
    { tool: "git_log", arguments: { limit: "1" } },
    { op: "status", note: "x" },
  ];
  expect(await agent.facts("git_run", { sandbox_id, steps, ...added })).toMatchObject({
    done: [{ op: "log", commits: [{}], truncated: true }, { op: "status" }],
    ignored: ["toolCallId", "sessionId", "steps.1.note"],
  });
  expect((await agent.call("git_push", { sandbox_id, message: "m", branch: "x" })).facts).toMatchObject({
    code: "invalid_input",
    field: "branch",
    detail: "branch: is not a field here; write 'to'. Nothing was done.",
  });
  expect((await agent.call("git_read", { sandbox_id, paht: "README.md" })).facts).toMatchObject({ field: "paht" });
});

test("arguments may be null, absent, or the text of an object", async () => {
  const agent = await connect(url, "2026-07-28");
  const sandbox_id = await workspace(agent, "arguments");
  const textOf = async (given: object) =>
    (await post(url, { method: "tools/call", params: { name: "git_status", ...given } })).text();
  expect(await textOf({ arguments: JSON.stringify({ sandbox_id }) })).toContain("agent/mcp/arguments");
  for (const given of [{}, { arguments: null }, { arguments: "" }]) {
    expect(await textOf(given)).toContain(
      "sandbox_id: is missing (The sandbox_id that clone answered). Nothing was done.",
    );
  }
});

test("a list of workspaces is of none: what a step for it names besides is ignored", async () => {
  const agent = await connect(url, "2026-07-28");
  const sandbox_id = await workspace(agent, "listed");
  expect(await agent.facts("git_run", { steps: [{ op: "workspaces", sandbox_id }] })).toMatchObject({
    done: [{ op: "workspaces" }],
    ignored: ["steps.0.sandbox_id"],
  });
});

test("every wrong field of every step is told at once", async () => {
  const agent = await connect(url, "2026-07-28");
  const sandbox_id = await workspace(agent, "all");
  const steps = [{ op: "log", limit: 0.5 }, { op: "fetch" }, { op: "edit", files: [{ path: "../x", content: 1 }] }];
  const { facts } = await agent.call("git_run", { sandbox_id, steps });
  expect(facts).toMatchObject({
    code: "invalid_input",
    field: "steps.0.limit",
    errors: [
      { field: "steps.0.limit" },
      { field: "steps.1.op" },
      { field: "steps.2.files.0.path" },
      { field: "steps.2.files.0.content", detail: "is a number, not a text" },
    ],
  });
});

test("a status of 10,000 new files stays under 2,000 tokens and leads to the rest", async () => {
  const agent = await connect(url, "2026-07-28");
  const sandbox_id = await workspace(agent, "many");
  await fillFolder(join(await treeOn("agent/mcp/many"), "docs"), 10_000);
  const first = await agent.call("git_status", { sandbox_id });
  expect(o200k(first.text)).toBeLessThan(2_000);
  expect(cl100k(first.text)).toBeLessThan(2_000);
  expect(first.facts).toMatchObject({ total: 10_000, truncated: true, more: expect.stringContaining("cursor") });
  const seen = new Set(first.facts.untracked);
  // Each page has as many entries as fit, regardless of the requested limit.
  let { facts: page } = first;
  for (let count = seen.size, n = 0; n < 3; n++) {
    const next = await agent.call("git_status", { sandbox_id, cursor: page["cursor"], limit: 5_000 });
    expect(o200k(next.text)).toBeLessThan(10_000);
    const { untracked = [] } = (page = next.facts);
    expect(untracked.length).toBeGreaterThan(200);
    for (const path of untracked) seen.add(path);
    expect(seen.size).toBe((count += untracked.length));
  }
});

/** Returns the working tree on this machine that has a branch checked out. */
async function treeOn(branch: string): Promise<string> {
  for (const { tree } of await hostedSandboxes(stack)) {
    const path = join(tree, "home/user/repo");
    const head = await readFile(join(path, ".git/HEAD"), "utf8").catch(() => "");
    if (head.trim() === `ref: refs/heads/${branch}`) return path;
  }
  throw new Error(`no sandbox is on ${branch}`);
}

/** Fills a folder that git tracks already: status then lists every file. */
async function fillFolder(folder: string, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, n) => `generated-component-${n}-of-the-design-system.spec.ts`);
  for (let at = 0; at < count; at += 500) {
    await Promise.all(names.slice(at, at + 500).map((name) => writeFile(join(folder, name), "")));
  }
}

test("who has no key is told how to get in, before anything is read", async () => {
  const list = { method: "tools/list" };
  for (const Authorization of ["", "Bearer wrong-key", "Basic ZGV2"]) {
    const answer = await post(url, list, { Authorization });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("WWW-Authenticate")).toMatch(/^Bearer /);
    expect(await answer.json()).toMatchObject({ code: "unauthenticated" });
  }
});

test("whatever a client says it accepts, it is answered", async () => {
  for (const Accept of ["*/*", "application/json", "text/event-stream", "application/json, text/event-stream", ""]) {
    const answer = await post(url, { method: "tools/list" }, Accept ? { Accept } : {});
    expect(answer.status, Accept).toBe(200);
    expect(await answer.text()).toContain("git_clone");
  }
});

test("only POST is served, and only JSON of a bounded size", async () => {
  for (const method of ["GET", "DELETE", "PUT"]) {
    const answer = await fetch(url, { method, headers: { Authorization: "Bearer dev" } });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("Allow")).toBe("POST");
  }
  expect((await post(url, {}, { "Content-Type": "text/plain" })).status).toBe(415);
  expect((await post(url, { method: "tools/list", params: { pad: "x".repeat(11 * 1024 * 1024) } })).status).toBe(413);
});

/** Returns the status of a request with headers that fetch does not let a test set. */
const statusWith = (headers: Record<string, string>) =>
  new Promise<number | undefined>((resolve, reject) => {
    const sent = request(url, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer dev", ...headers },
    });
    sent.on("response", (answer) => resolve(answer.resume().statusCode)).on("error", reject);
    sent.end(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }));
  });

test("a page of another site gets nothing, by its own name or by one that leads here", async () => {
  const { host } = new URL(url);
  expect(await statusWith({ host })).toBe(200);
  expect(await statusWith({ host, origin: "http://localhost:3000" })).toBe(200);
  expect(await statusWith({ host, origin: "https://evil.example" })).toBe(403);
  expect(await statusWith({ host, origin: "null" })).toBe(403);
  expect(await statusWith({ host: "evil.example", origin: "http://evil.example" })).toBe(403);
  expect(await statusWith({ host: "evil.example" })).toBe(403);
});

test("a session of a client from before is ignored, not missed", async () => {
  const answer = await post(url, { method: "tools/list" }, { "Mcp-Session-Id": "from-another-life" });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("Mcp-Session-Id")).toBeNull();
});

test("the lists may be kept for a while, by anybody", async () => {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const headers = { "MCP-Protocol-Version": "2026-07-28" };
  for (const method of ["tools/list", "server/discover"]) {
    const answer = await post(url, { method, params: { _meta: meta } }, { ...headers, "Mcp-Method": method });
    expect(await answer.json()).toMatchObject({ result: { ttlMs: 300_000, cacheScope: "public" } });
  }
});
