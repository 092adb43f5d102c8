import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod/v4";
import { runSchema } from "../../src/api/run-schemas.ts";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { call, remoteGit } from "../support/worker.ts";

let stack: Stack;
let repo_url: string;
beforeAll(async () => {
  stack = await startStack();
  repo_url = `${stack.git.url}/small.git`;
  await makeRepository(stack.git.root, "small", { files: 5, commits: 3 });
});
afterAll(() => stack.close());

const post = (body: object, headers: Record<string, string> = {}) =>
  fetch(`${stack.url}/v1/run`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: "Bearer dev", ...headers },
    body: JSON.stringify(body),
  });
async function run(body: object) {
  const answer = await post(body);
  const json: unknown = await answer.json();
  expect(answer.status, JSON.stringify(json)).toBe(200);
  return runSchema.parse(json);
}
const clone = (task_id: string) => ({ op: "clone", repo_url, agent_id: "run", task_id });
const write = (path: string, content = "x\n") => ({ op: "edit", files: [{ path, content }] });
const statuses = ({ steps }: z.output<typeof runSchema>) => steps.map(({ op, status }) => `${op} ${status}`);
const processes = () => stack.host.counters().sandbox;

describe("a chain", () => {
  test("takes one request to the sandbox after the clone", async () => {
    const body = (task: string) => [
      clone(task),
      write("a.txt"),
      { op: "push", message: "a" },
      { op: "status" },
      { op: "diff", base: "$clone.head" },
    ];
    await run({ steps: body("warm-up") });
    const { ok, steps } = await run({ steps: body("chain") });
    expect(ok, JSON.stringify(steps)).toBe(true);
    expect(steps.map(({ step, op }) => [step, op])).toEqual([
      [1, "clone"],
      [2, "edit"],
      [3, "push"],
      [4, "status"],
      [5, "diff"],
    ]);
    expect(steps[2]?.result).toMatchObject({ pushed: true });
    expect(steps[4]?.result).toMatchObject({ files: [{ path: "a.txt" }] });
    expect(remoteGit(stack, "small", "show", "agent/run/chain:a.txt")).toBe("x");
  });

  test("uses what earlier steps answered", async () => {
    const steps = [
      clone("refers"),
      write("b.txt"),
      { op: "push", message: "b" },
      { op: "apply", commits: ["$push.commit"], revert: true },
      { op: "log", limit: 1, ref: "$4.head" },
    ];
    const { ok, steps: told } = await run({ steps });
    expect(ok).toBe(true);
    expect(told[4]?.result).toMatchObject({ commits: [{ subject: 'Revert "b"' }] });
  });

  test("that fails begins no other step, or those that need nothing of it", async () => {
    const steps = [clone("fails"), { op: "read", path: "none" }, { op: "log", ref: "$read.path" }, { op: "status" }];
    const stopped = await run({ steps });
    expect(stopped).toMatchObject({ ok: false, steps: [{}, { error: { code: "path_not_found" } }, {}, {}] });
    expect(statuses(stopped)).toEqual(["clone done", "read failed", "log not_begun", "status not_begun"]);
    const went = await run({ steps, on_error: "continue" });
    expect(statuses(went)).toEqual(["clone done", "read failed", "log not_begun", "status done"]);
  });
});

test("a workspace that is none of the caller's is one that does not exist", async () => {
  const { steps } = await run({ sandbox_id: "s0-00000000000000000000", steps: [{ op: "status" }] });
  expect(steps).toMatchObject([{ status: "failed", error: { code: "workspace_not_found" } }]);
});

describe("several workspaces", () => {
  test("are worked in side by side, and after others where that is asked", async () => {
    const ids = await Promise.all(
      ["one", "two"].map(
        async (task_id) => (await call(stack, "clone", { repo_url, agent_id: "run", task_id })).sandbox_id,
      ),
    );
    const [one = "", two = ""] = ids;
    const steps = [
      { ...write("one.txt"), sandbox_id: one },
      { ...write("two.txt"), sandbox_id: two },
      { op: "push", message: "one", to: "run/shared", sandbox_id: one },
      { op: "push", message: "two", to: "run/shared", sandbox_id: two, after: [3] },
      { op: "workspaces" },
    ];
    const before = processes();
    const { ok } = await run({ steps });
    expect([ok, processes() - before]).toEqual([true, 3]);
    expect(remoteGit(stack, "small", "log", "--format=%s", "main..run/shared").split("\n")).toEqual(["two", "one"]);
  });

  test("fan out: ten clones, edits and pushes", async () => {
    const steps = Array.from({ length: 10 }, (_, n) => [
      clone(`fan-${n}`),
      { ...write(`fan-${n}.txt`), sandbox_id: `$${n * 3 + 1}.sandbox_id` },
      { op: "push", message: `${n}`, sandbox_id: `$${n * 3 + 1}.sandbox_id` },
    ]).flat();
    const { ok, steps: told } = await run({ steps, at_once: 4 });
    expect([ok, told.length]).toEqual([true, 30]);
    const branches = remoteGit(stack, "small", "for-each-ref", "--format=%(refname)", "refs/heads/agent/run/fan-*");
    expect(branches.split("\n")).toHaveLength(10);
  });
});

test("with events, each step is told when it ends, and the run at last", async () => {
  const answer = await post(
    { steps: [clone("events"), write("e.txt"), { op: "read", path: "none" }] },
    { Accept: "text/event-stream" },
  );
  expect(answer.headers.get("Content-Type")).toBe("text/event-stream");
  const events = (await answer.text())
    .split("\n\n")
    .filter((event) => event.startsWith("event: "))
    .map((event) => {
      const [, name = "", data = ""] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? [];
      return { name, data: z.looseObject({ op: z.string().optional() }).parse(JSON.parse(data)) };
    })
    .filter(({ name }) => name !== "progress");
  expect(events.map(({ name, data }) => [name, data.op])).toEqual([
    ["step", "clone"],
    ["step", "edit"],
    ["step", "read"],
    ["run", undefined],
  ]);
  expect(events.at(-1)?.data).toMatchObject({ ok: false });
});

test.each<[string, () => object[], string]>([
  ["an unknown operation", () => [{ op: "fly" }], "steps.0.op"],
  ["a wrong field", () => [clone("wrong"), { op: "read", path: 1 }], "steps.1.path"],
  ["a later answer", () => [{ op: "status", sandbox_id: "$2.sandbox_id" }, clone("wrong")], "steps.0.sandbox_id"],
  ["a member that is not answered", () => [clone("wrong"), { op: "log", ref: "$clone.heads" }], "steps.1.ref"],
  ["itself", () => [clone("wrong"), { op: "status", after: [2] }], "steps.1.after"],
  ["no workspace", () => [{ op: "status" }], "steps.0.sandbox_id"],
])("%s is refused before anything is run", async (_, steps, field) => {
  const before = processes();
  const answer = await post({ steps: steps() });
  expect(await answer.json()).toMatchObject({ field, work: { tree: "unchanged" } });
  expect(answer.status).toBeOneOf([400, 404]);
  expect(processes()).toBe(before);
});
