import { expect, test } from "vitest";
import type { StepOutcome } from "../src/index.ts";
import { sceneOfFile } from "./scene.ts";

const scene = sceneOfFile();

const chain = (task_id: string) =>
  [
    { op: "clone", repo_url: scene().repo_url, agent_id: "run", task_id },
    { op: "edit", files: [{ path: `${task_id}.txt`, content: "x\n" }] },
    { op: "push", message: task_id },
    { op: "log", ref: "$push.commit", limit: 1 },
  ] as const;

test("steps answer by the types of their operations", async () => {
  const { client } = scene();
  const { ok, steps } = await client.run({ steps: chain("types") });
  expect(ok).toBe(true);
  const [, , push, log] = steps;
  if (push.status !== "done" || log.status !== "done") throw new Error("not done");
  expect(log.result.commits[0]?.sha).toBe(push.result.commit);
});

test("a failed step has its error, and is none of the call", async () => {
  const { client } = scene();
  const { ok, steps } = await client.run({
    steps: [...chain("fails").slice(0, 1), { op: "read", path: "none" }, { op: "status" }],
  });
  expect([ok, steps.map(({ status }) => status)]).toEqual([false, ["done", "failed", "not_begun"]]);
  expect(steps[1]).toMatchObject({ error: { code: "path_not_found", retryable: false } });
});

test("each step is told when it has ended, in order, and the answer is the same", async () => {
  const { client } = scene();
  const told: StepOutcome[] = [];
  const { ok, steps } = await client.run({ steps: chain("told") }, { onStep: (step) => told.push(step) });
  expect(ok).toBe(true);
  expect(told).toEqual(steps);
});

const CUTS = [
  { cutAfterBytes: 0 },
  { cutAfterBytes: 50 },
  ...["clone", "push"].map((op) => ({ cutAfterText: `"op":"${op}","status":"done"` })),
];

test.each(CUTS)("where it is cut (%j), each step that was begun is told once, and done once", async (cut) => {
  const { client, proxy } = scene();
  const told: StepOutcome[] = [];
  proxy.seen.length = 0;
  proxy.faults.push(cut);
  const steps = chain(`cut-${CUTS.indexOf(cut)}`);
  const run = await client.run({ steps }, { onStep: (step) => told.push(step) });
  expect(proxy.seen).toHaveLength(2);
  expect(told).toEqual(run.steps);
  expect(told.map(({ status }) => status)).toEqual(steps.map(() => "done"));
  const [, , push] = run.steps;
  if (push.status === "done") expect(push.result).toMatchObject({ committed: true, pushed: true });
});
