import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod/v4";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { durableRunSchema, runEventsSchema, runStartedSchema } from "../../src/api/run-schemas.ts";
import { remoteGit } from "../support/worker.ts";

let stack: Stack;
let repo_url: string;

beforeAll(async () => {
  stack = await startStack();
  await makeRepository(stack.git.root, "one", { files: 20, commits: 3 });
  repo_url = `${stack.git.url}/one.git`;
});
afterAll(() => stack.close());

const HEADERS = { Authorization: "Bearer dev", "Content-Type": "application/json" };
const problem = z.looseObject({ code: z.string(), detail: z.string(), field: z.string().optional() });

const ask = (method: string, path: string, body?: object) =>
  fetch(`${stack.url}${path}`, { method, headers: HEADERS, ...(body && { body: JSON.stringify(body) }) });

async function start(body: object) {
  const response = await ask("POST", "/v1/run", { async: true, ...body });
  expect(response.status).toBe(202);
  const started = runStartedSchema.parse(await response.json());
  expect(response.headers.get("Location")).toBe(started.url);
  return started;
}

const runAt = async (url: string, query = "?wait=60") =>
  durableRunSchema.parse(await (await ask("GET", `${url}${query}`)).json());

test("a run goes on without its connection: clone, edit, push and status, each done once", async () => {
  const steps = [
    { op: "clone", repo_url, agent_id: "a", task_id: "t" },
    { op: "edit", files: [{ path: "mine.txt", content: "mine\n" }] },
    { op: "push", message: "mine" },
    { op: "status" },
  ];
  const { url, events } = await start({ steps });
  const run = await runAt(url);
  expect(run).toMatchObject({ status: "done", ops: ["clone", "edit", "push", "status"], steps_done: 4 });
  expect(run.steps?.map(({ status, tries }) => [status, tries])).toEqual(Array.from(steps, () => ["done", 1]));
  expect(run.steps?.[2]?.result).toMatchObject({ pushed: true, to: "agent/a/t" });
  expect(remoteGit(stack, "one", "log", "-1", "--format=%s", "agent/a/t")).toBe("mine");

  const told = runEventsSchema.parse(await (await ask("GET", events)).json());
  expect(told.ended).toBe(true);
  expect(told.events.map(({ id }) => id)).toEqual(told.events.map((_, at) => at + 1));
  expect(told.events.map(({ type, step, status }) => [type, step, status])).toEqual([
    ["run", undefined, "queued"],
    ["run", undefined, "running"],
    ["step", 1, "running"],
    ["step", 1, "done"],
    ...[2, 3, 4].map((step) => ["step", step, "running"]),
    ...[2, 3, 4].map((step) => ["step", step, "done"]),
    ["run", undefined, "done"],
  ]);
});
