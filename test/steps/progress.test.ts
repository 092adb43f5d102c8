import { expect, test } from "vitest";
import { planSteps } from "../../src/steps/plan.ts";
import { progressOf } from "../../src/steps/progress.ts";

const NONCE = "6296c7df-181a-43c1-9b1c-0123456789ab";
const sandbox_id = "s0-00000000000000000000";

test("what git says is told with its step, and the marks of a batch are not told", () => {
  const group = planSteps({ sandbox_id, steps: [{ op: "status" }, { op: "pull" }, { op: "log" }] });
  const told: [string, string][] = [];
  const take = progressOf(group, ({ op }, text) => told.push([op, text]));
  take(`\n${NONCE}-1\n`);
  take(`\n${NONCE}-2\nReceiving objects: 10%`);
  take(`, done\n\n${NONCE}-3\nlast`);
  expect(told).toEqual([
    ["pull", "Receiving objects: 10%"],
    ["pull", ", done\n"],
    ["log", "last"],
  ]);
});

test("of a single request, all is its step's", () => {
  const group = planSteps({ sandbox_id, steps: [{ op: "pull" }] });
  const told: string[] = [];
  progressOf(group, ({ op }, text) => told.push(`${op}: ${text}`))("5%");
  expect(told).toEqual(["pull: 5%"]);
});
