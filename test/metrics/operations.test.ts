import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ERROR_KINDS, type ErrorCode, WarmtreeError } from "../../src/errors.ts";
import { recorded, type RecordedCaller, recordStep } from "../../src/metrics/operations.ts";
import { SIDE_OF } from "../../src/metrics/sides.ts";
import { FakeMetrics } from "./support.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
let metrics: FakeMetrics;

beforeEach(() => {
  vi.useFakeTimers();
  metrics = new FakeMetrics();
});
afterEach(() => {
  vi.useRealTimers();
});

const caller = (): RecordedCaller => ({ ...metrics.recording(), tenant: "acme", cost: {} });

/** Returns the counts once all of them were sent. */
async function counts(): Promise<Record<string, number>> {
  await vi.advanceTimersByTimeAsync(60_000);
  await Promise.all(metrics.waiting);
  return Object.fromEntries(metrics.counts);
}

test("a caller waits for the operation's own promise: nothing is awaited in between", async () => {
  const work = Promise.resolve({ done: true });
  expect(recorded("status", caller(), () => work)).toBe(work);
  await counts();
});

test("success: started, ended, how long it took, with an example of a kept trace", async () => {
  const work = async () => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    return "done";
  };
  const result = recorded("push", { ...caller(), traceId: TRACE_ID }, work);
  expect(await counts()).toEqual({
    'git_operations_total{operation="push",status="started"}': 1,
    'git_operations_total{operation="push",status="success"}': 1,
    'git_operation_duration_seconds_bucket{operation="push",le="0.25"}': 1,
    'git_operation_duration_seconds_sum{operation="push"}': 0.2,
  });
  expect(await result).toBe("done");
  const exemplars = metrics.batches.flatMap((batch) => [...batch.exemplars.values()]);
  expect(exemplars).toMatchObject([{ traceId: TRACE_ID, value: 0.2 }]);
});

const isCode = (text: string): text is ErrorCode => text in ERROR_KINDS;

test.each(Object.keys(ERROR_KINDS).filter(isCode))(
  "failure of code %s: started, ended, its type and side; the caller gets the error",
  async (code) => {
    const error = new WarmtreeError(code, "It failed.");
    const result = recorded("diff", caller(), () => Promise.reject(error));
    await expect(result).rejects.toBe(error);
    expect(await counts()).toEqual({
      'git_operations_total{operation="diff",status="started"}': 1,
      'git_operations_total{operation="diff",status="failure"}': 1,
      [`git_operation_errors_total{operation="diff",error_type="${ERROR_KINDS[code].type}"}`]: 1,
      [`warmtree_failures_total{operation="diff",side="${SIDE_OF[code]}"}`]: 1,
    });
  },
);

test("what nobody foresaw is of type other", async () => {
  await expect(recorded("pull", caller(), () => Promise.reject(new TypeError("bug")))).rejects.toThrow("bug");
  expect(await counts()).toMatchObject({ 'git_operation_errors_total{operation="pull",error_type="other"}': 1 });
});

test.each(["edit", "no-such-operation", "__proto__", 'clone"} 1\n', ""])("%j is operation other", async (name) => {
  await recorded(name, caller(), () => Promise.resolve());
  expect(await counts()).toMatchObject({ 'git_operations_total{operation="other",status="success"}': 1 });
});

test("a step that ran together with others is counted as an operation of its own", async () => {
  recordStep("status", caller(), 0.02);
  recordStep("no-such-operation", caller(), 0, new WarmtreeError("timeout", "It took too long."));
  expect(await counts()).toEqual({
    'git_operations_total{operation="status",status="started"}': 1,
    'git_operations_total{operation="status",status="success"}': 1,
    'git_operation_duration_seconds_bucket{operation="status",le="0.025"}': 1,
    'git_operation_duration_seconds_sum{operation="status"}': 0.02,
    'git_operations_total{operation="other",status="started"}': 1,
    'git_operations_total{operation="other",status="failure"}': 1,
    'git_operation_errors_total{operation="other",error_type="network"}': 1,
    'warmtree_failures_total{operation="other",side="service"}': 1,
  });
});

describe("the list of the newest", () => {
  const listed = async () => {
    await counts();
    return metrics.batches.flatMap(({ ended }) => ended);
  };

  test("has the operation's own name, whose it was, how long it took, its request and its workspace", async () => {
    const { cost, ...rest } = { ...caller(), requestId: "an-id" };
    const given = { sandboxId: "s0-x", source: "paused", repository: "github.com/o/r", agentId: "ada" } as const;
    const result = recorded("edit", { ...rest, cost }, async () => {
      cost.given = given;
      await new Promise((resolve) => setTimeout(resolve, 200));
    });
    expect(await listed()).toEqual([
      { at: expect.any(Number), operation: "edit", tenant: "acme", seconds: 0.2, requestId: "an-id", ...given },
    ]);
    await result;
  });

  test("has the error's code; and no sandbox that an earlier operation of the same caller was given", async () => {
    const given = { ...caller(), cost: { given: { sandboxId: "s0-x", source: "live" as const } } };
    const error = new WarmtreeError("conflict", "secret.txt conflicts");
    await expect(recorded("push", given, () => Promise.reject(error))).rejects.toBe(error);
    const [push] = await listed();
    expect(push).toEqual({ at: expect.any(Number), operation: "push", tenant: "acme", seconds: 0, code: "conflict" });
  });

  test("repeats no name that a caller made up", async () => {
    await recorded("<script>", caller(), () => Promise.resolve());
    expect(await listed()).toMatchObject([{ operation: "other" }]);
  });
});
