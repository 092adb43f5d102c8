import { describe, expect, test } from "vitest";
import {
  beganOf,
  canCancel,
  canRetry,
  effortOf,
  inOrder,
  progressOf,
  tookOf,
  whatOf,
  whichOf,
} from "../../src/dashboard/run-texts.ts";
import type { RunItem, RunSummary } from "../../src/dashboard/types.ts";
import { RUN_STATUSES } from "../../src/durable/runs/types.ts";

const NOW = Date.UTC(2026, 0, 1, 12);
const at = (ago: number) => new Date(NOW - ago).toISOString();
const counts = { total: 100, done: 70, failed: 3, running: 8, canceled: 0, not_begun: 19 };
const run = (parts: Partial<RunSummary> = {}): RunSummary => ({
  run: "r0-x",
  status: "running",
  created_at: at(9000),
  tenant: "acme",
  ops: ["clone", "push"],
  steps_total: 4,
  steps_done: 3,
  steps_failed: 0,
  ...parts,
});

test.each([
  [["clone"], undefined, "clone"],
  [["clone", "edit", "status", "push"], undefined, "clone, edit, status, push"],
  [["clone", "edit", "status", "push", "log"], undefined, "clone, edit, status, push and 1 more"],
  [["clone", "push"], counts, "clone, push ×100"],
])("a run of %j is named %s", (ops, items, expected) => {
  expect(whatOf({ ops, ...(items && { items }) })).toBe(expected);
});

test.each([
  [{ repository: "github.com/o/a", agent_id: "ada", task_id: "t" }, "github.com/o/a · ada / t · r0-7d6b0f0e"],
  [{ repository: "github.com/o/a" }, "github.com/o/a · r0-7d6b0f0e"],
  [undefined, "r0-7d6b0f0e"],
])("a run about %j is told from others by %s", (about, expected) => {
  expect(whichOf(run({ run: "r0-7d6b0f0e3c5f4c83", ...(about && { about }) }))).toBe(expected);
});

test.each([
  [run(), { text: "3 of 4 steps", done: 0.75, failed: 0 }],
  [run({ steps_done: 1, steps_failed: 1 }), { text: "1 of 4 steps, 1 failed", done: 0.25, failed: 0.25 }],
  [run({ steps_total: 1, steps_done: 0 }), { text: "0 of 1 step", done: 0, failed: 0 }],
  // The steps of an item that failed later are done; the item is not.
  [
    run({ items: counts, steps_total: 200, steps_done: 150 }),
    { text: "70 of 100 items, 3 failed", done: 0.7, failed: 0.03 },
  ],
])("progress %#", (summary, expected) => {
  expect(progressOf(summary)).toEqual(expected);
});

test.each([
  [run({ status: "queued" }), "queued 9 s ago"],
  [run({ began_at: at(8000) }), "8 s ago"],
  [run({ status: "canceled", ended_at: at(1000) }), "never"],
])("when a run began %#", (summary, expected) => {
  expect(beganOf(summary, NOW)).toBe(expected);
});

test.each([
  ["is not begun", run(), "–"],
  ["is on", run({ began_at: at(8000) }), "8 s"],
  ["has ended", run({ began_at: at(8000), ended_at: at(5500) }), "2.5 s"],
  ["began after this clock's now", run({ began_at: at(-8000) }), "0 ms"],
])("how long a run took that %s", (_, summary, expected) => {
  expect(tookOf(summary, NOW)).toBe(expected);
});

test.each([
  [{ status: "not_begun", tries: 0 } as const, ""],
  [{ status: "done", tries: 1, began_at: at(900), ended_at: at(400) } as const, "500 ms"],
  [{ status: "waiting", tries: 3, began_at: at(9000) } as const, "3 tries, 9 s"],
])("effort of %j", (step, expected) => {
  expect(effortOf({ step: 1, op: "push", ...step }, NOW)).toBe(expected);
});

test("a run can be canceled until it ends, and be retried unless it is done", () => {
  expect(RUN_STATUSES.filter(canCancel)).toEqual(["queued", "running"]);
  expect(RUN_STATUSES.filter(canRetry)).toEqual(["failed", "canceled"]);
});

describe("items", () => {
  const item = (number: number, status: RunItem["status"]): RunItem => ({ item: number, status });

  test("that failed come first, then those that are worked on", () => {
    const items = (["done", "failed", "not_begun", "running", "failed", "done"] as const).map((status, index) =>
      item(index + 1, status),
    );
    expect(inOrder(items).map((one) => one.item)).toEqual([2, 5, 4, 1, 6, 3]);
    expect(items.map((one) => one.item)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
