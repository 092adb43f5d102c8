import type { Progress } from "@modelcontextprotocol/client";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { DEV_KEY } from "../../scripts/support/client.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { until } from "../support/until.ts";
import { call as callHttp, remoteGit } from "../support/worker.ts";
import { connect, ERAS } from "../../scripts/support/mcp-client.ts";
import { post } from "./mcp-post.ts";

let stack: Stack;
let repo_url: string;

/** Twice this is longer than the patience of /impatient, so no clone or push ends within it. */
const DELAY_MS = 1_000;

beforeAll(async () => {
  stack = await startStack({ entry: "test/fixtures/mcp/index.ts" });
  repo_url = `${stack.git.url}/long.git`;
  await makeRepository(stack.git.root, "long", { files: 300, commits: 30 });
});
afterAll(() => stack.close());
afterEach(() => stack.git.setFaults({}));

/** Delays every request to the git host, of which clone and push send two or three. */
const slow = (delayMs: number) => stack.git.setFaults({ delayMs });
const patient = () => `${stack.url}/mcp`;
const impatient = () => `${stack.url}/impatient`;

/** Waits for a call's answer, and until its git has asked the host, so that it is ahead of any later call. */
async function begun<T>(answer: Promise<T>): Promise<T> {
  const before = stack.git.counters().discoveries;
  const [answered] = await Promise.all([
    answer,
    until("git asks the host", () => stack.git.counters().discoveries > before),
  ]);
  return answered;
}

test.each(ERAS)("a clone that takes long is answered, goes on, and is there when asked again (%s)", async (era) => {
  const agent = await connect(impatient(), era);
  const clone = { repo_url, agent_id: "long", task_id: era };
  slow(DELAY_MS);
  const first = await begun(agent.call("git_clone", clone));
  expect(first.isError).toBe(false);
  expect(first.facts["detail"]).toMatch(/goes on as a run. Call git_run \{"run": "r0-[0-9a-f]+"\}/);
  const { facts } = await connect(patient(), era);
  const last = await facts("git_clone", clone);
  expect(last).toMatchObject({ created: false, branch: `agent/long/${era}` });
  expect(await facts("git_status", { sandbox_id: last.sandbox_id })).toMatchObject({ clean: true });
  const outcome = await facts("git_run", { run: first.facts["run"] });
  expect(outcome).toMatchObject({ status: "done", done: [{ op: "clone", sandbox_id: last.sandbox_id }] });
});

test("a push that takes long is answered, goes on as a run, and is done once", async () => {
  const { sandbox_id } = await callHttp(stack, "clone", { repo_url, agent_id: "long", task_id: "push" });
  await callHttp(stack, "edit", { sandbox_id, files: [{ path: "long.txt", content: "long\n" }] });
  const agent = await connect(impatient(), "2026-07-28");
  slow(DELAY_MS);
  const first = await begun(agent.call("git_push", { sandbox_id, message: "Long" }));
  expect(first).toMatchObject({ isError: false, facts: { detail: expect.stringContaining("git_run") } });
  stack.git.setFaults({});
  const { facts } = await connect(patient(), "2026-07-28");
  const outcome = await facts("git_run", { run: first.facts["run"] });
  const commit = remoteGit(stack, "long", "rev-parse", "agent/long/push");
  expect(outcome).toMatchObject({ status: "done", done: [{ op: "push", commit, committed: true, pushed: true }] });
  expect(await facts("git_push", { sandbox_id, message: "Long" })).toMatchObject({ commit, pushed: false });
  expect(remoteGit(stack, "long", "log", "--format=%s", "main..agent/long/push")).toBe("Long");
});

test("steps that take long say which are done, and a run does the others", async () => {
  const agent = await connect(impatient(), "2026-07-28");
  const clone = { op: "clone", repo_url, agent_id: "long" };
  await callHttp(stack, "clone", { repo_url, agent_id: "long", task_id: "done" });
  slow(DELAY_MS);
  const { isError, facts } = await agent.call("git_run", {
    steps: [
      { ...clone, task_id: "done" },
      { op: "status" },
      { ...clone, task_id: "goes-on" },
      { op: "edit", files: [{ path: "later.txt", content: "" }] },
      { op: "read", path: "no such file" },
    ],
  });
  expect(isError).toBe(false);
  expect(facts).toMatchObject({
    detail: expect.stringContaining("git_run"),
    done: [{ op: "clone", created: false }, { op: "status" }],
    stopped_at: ["clone"],
    not_begun: ["edit", "read"],
  });
  stack.git.setFaults({});
  const outcome = await (await connect(patient(), "2026-07-28")).call("git_run", { run: facts["run"] });
  expect(outcome).toMatchObject({
    isError: true,
    facts: {
      status: "failed",
      code: "path_not_found",
      done: [{ op: "clone", created: false }, { op: "status" }, { op: "clone" }, { op: "edit" }],
      stopped_at: ["read"],
    },
  });
});

test("a run that is nobody's is not found", async () => {
  const agent = await connect(patient(), "2026-07-28");
  const outcome = await agent.call("git_run", { run: "r0-00000000000000000000000000000000" });
  expect(outcome).toMatchObject({ isError: true, facts: { code: "not_found" } });
});

test.each(ERAS)("who asks for progress hears what git says (%s)", async (era) => {
  const agent = await connect(patient(), era);
  slow(DELAY_MS / 2);
  const told: Progress[] = [];
  const clone = { repo_url, agent_id: "progress", task_id: era };
  const { facts } = await agent.call("git_clone", clone, { onprogress: (progress) => told.push(progress) });
  expect(facts).toMatchObject({ created: true });
  expect(told.length).toBeGreaterThan(0);
  for (const { message } of told) expect(message).toMatch(/^git_clone: .*\d/);
  expect(told.some(({ message }) => /\d+%/.test(message ?? ""))).toBe(true);
  const times = told.map(({ progress }) => progress);
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
});

test.each(["", "token"])("a client that leaves in the middle leaves a whole tree (%s)", async (progressToken) => {
  const task_id = `left-${progressToken || "silent"}`;
  slow(DELAY_MS / 2);
  const leaving = new AbortController();
  const before = stack.git.counters().discoveries;
  const meta = progressToken ? { _meta: { progressToken } } : {};
  const params = { name: "git_clone", arguments: { repo_url, agent_id: "left", task_id }, ...meta };
  const lost = fetch(patient(), {
    method: "POST",
    signal: leaving.signal,
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${DEV_KEY}` },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
  }).then((answer) => answer.text());
  await until("git asks the host", () => stack.git.counters().discoveries > before);
  leaving.abort();
  await expect(lost).rejects.toThrow();
  stack.git.setFaults({});
  const found = await callHttp(stack, "clone", { repo_url, agent_id: "left", task_id });
  expect(found).toMatchObject({ created: false });
  expect(await callHttp(stack, "status", { sandbox_id: found.sandbox_id })).toMatchObject({ clean: true, total: 0 });
});

test("the fixture's door is not the product's", async () => {
  expect((await post(patient(), { method: "tools/list" }, { Authorization: "" })).status).toBe(401);
});
