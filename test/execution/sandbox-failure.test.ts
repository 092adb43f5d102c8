import { expect, test } from "vitest";
import { E2bError, type E2bErrorCode } from "../../src/e2b/error.ts";
import { DEFAULT_POLICY } from "../../src/policy/policy.ts";
import { ERROR_KINDS } from "../../src/errors.ts";
import { batchOf } from "../../src/ops/batch.ts";
import { cutShort } from "../../src/ops/cut-short.ts";
import { clone } from "../../src/ops/clone.ts";
import type { OperationContext, SandboxTask } from "../../src/ops/operation.ts";
import { push } from "../../src/ops/push.ts";
import { OPERATIONS } from "../../src/ops/registry.ts";
import { status } from "../../src/ops/status.ts";
import { sandboxFailure } from "../../src/execution/sandbox-failure.ts";

const CODES: readonly E2bErrorCode[] = [
  ...(["unauthenticated", "not_found", "rate_limited", "capacity", "conflict", "invalid_request"] as const),
  ...(["not_running", "unavailable", "timeout", "stream_broken", "protocol", "process_deadline"] as const),
];
const failed = (code: E2bErrorCode, started: boolean, facts = {}) =>
  new E2bError(code, "of E2B", { started, ...facts });
const CONTEXT: OperationContext = {
  author: { name: "Agent", email: "agent@example.com" },
  agentBranchPrefix: "agent",
  maxRetries: 0,
  timeoutS: 1,
  policy: DEFAULT_POLICY,
};
const UNTOUCHED = { pushed: false, tree: "unchanged" };

const named = (name: string) => OPERATIONS.find((operation) => operation.name === name) ?? expect.fail(name);
const batch = (...names: string[]) => batchOf(names.map((name) => ({ operation: named(name), asked: {} })));

const SUBJECTS = [
  ...OPERATIONS.map((operation) => ({ operation, pushes: operation.name === "push" || operation.name === "tag" })),
  { operation: batch("edit", "pull"), pushes: false },
  { operation: batch("edit", "push", "status"), pushes: true },
];

test.each(SUBJECTS)("$operation.name: what was begun may be done, and only a push may be pushed", (subject) => {
  const { operation, pushes } = subject;
  for (const code of CODES) {
    const told = sandboxFailure(operation, failed(code, true));
    const isRead = operation.access === "read";
    const work = isRead ? UNTOUCHED : { pushed: pushes ? "unknown" : false, tree: "unknown" };
    expect(told.details.work).toEqual(work);
    if (isRead) expect(told.message).toMatch(/ Nothing was changed: call again\.$/);
    else expect(told.message).toContain("It may have been done in part or completely");
    expect(told.message.includes("Nothing was pushed")).toBe(!isRead && !pushes);
  }
});

test.each(SUBJECTS)("$operation.name: what was not begun changed nothing", ({ operation }) => {
  for (const code of CODES.filter((each) => each !== "capacity")) {
    const told = sandboxFailure(operation, failed(code, false));
    expect(told.details.work).toEqual(UNTOUCHED);
    expect(told.message).toMatch(/ Nothing was done: call again\.$/);
    expect(ERROR_KINDS[told.code].retryable).toBe(true);
  }
});

test("a clone that broke off pushed nothing", () => {
  expect(sandboxFailure(clone, failed("stream_broken", true))).toMatchObject({
    code: "sandbox_unavailable",
    message:
      "The connection to the sandbox broke off before clone was answered. It may have been done in part or completely. " +
      "Nothing was pushed. Calling again is safe; status shows the state of the workspace.",
    details: { work: { pushed: false, tree: "unknown" } },
  });
});

const printed = (sections: string) => new TextEncoder().encode(sections.replaceAll("|", "\0n:"));
const ended = (operation: SandboxTask<never>, sections: string) => {
  const error = cutShort(operation, failed("process_deadline", true, { stdout: printed(sections) }), "n");
  return error instanceof E2bError ? sandboxFailure(operation, error) : expect.fail("no error of E2B");
};

test("a push that was ended at its deadline says what is known of it", () => {
  const told = {
    "": false,
    "|6\nunknown\0": "unknown",
    "|6\nunk": "unknown",
    "|6\nunknown\0|6\nfalse\0": false,
    "|6\nunknown\0|6\nfalse\0|6\nunknown\0": "unknown",
    "|6\nunknown\0|6\ntrue\0|1\nmain": true,
  } as const;
  for (const [sections, pushed] of Object.entries(told)) {
    expect(ended(push, sections).details.work).toEqual({ pushed, tree: "unknown" });
  }
  expect(ended(push, "").message).toContain("Nothing was pushed");
  expect(ended(push, "|6\ntrue\0").message).toContain("The push was done");
});

test("steps that were ended at their deadline say so of their pushes", () => {
  const handle = { sandbox_id: "s0-00000000000000000000" };
  const steps = batchOf([status, push, status].map((each) => ({ operation: each, asked: each.input.parse(handle) })));
  const nonce = steps.plan({}, CONTEXT).args?.[0];
  const of = (step: string) => step.replaceAll("#", `\0${nonce}-2:`);
  const told = [
    ["|1\n", false],
    ["|1\n|2\n0|3\n", "unknown"],
    ["|1\n|2\n0|3\n#6\nfalse\0", "unknown"],
    ["|1\n|2\n0|3\n#6\ntrue\0", true],
    ["|1\n|2\n0|3\n#6\ntrue\0|4\n0|5\n", true],
    ["|1\n|2\n0|3\n#6\nfalse\0|4\n3", false],
  ] as const;
  for (const [sections, pushed] of told) expect(ended(steps, of(sections)).details.work?.pushed).toBe(pushed);
});

test("times that were exceeded are told: the sandbox's own, and ours", () => {
  expect(sandboxFailure(push, failed("process_deadline", true, { limitMs: 300_000 }))).toMatchObject({
    code: "timeout",
    message: expect.stringMatching(/^push took longer than 300 s and was stopped\. .*no commit is doubled/),
  });
  expect(sandboxFailure(status, failed("timeout", true, { limitMs: 304_500 }))).toMatchObject({
    code: "timeout",
    message: "The sandbox did not answer status within 305 s. Nothing was changed: call again.",
  });
});

test("steps that broke off are not to be called again as a whole", () => {
  const told = sandboxFailure(batch("edit", "push"), failed("stream_broken", true));
  expect(told.message).toContain("Check with status and log how far it got, and repeat the missing steps.");
  expect(told.message).not.toContain("Calling again");
});

test("the time that the sandbox asked for reaches the caller", () => {
  expect(sandboxFailure(status, failed("rate_limited", false, { retryAfterS: 25 }))).toMatchObject({
    code: "rate_limited",
    message: "The sandbox accepts no more requests at the moment. Nothing was done: call again in 25 s.",
    details: { retryAfterS: 25, work: UNTOUCHED },
  });
});

test("a full disk is told as such: calling again does not help", () => {
  const told = sandboxFailure(named("edit"), failed("capacity", false));
  expect(told).toMatchObject({ code: "disk_full", details: { work: UNTOUCHED } });
  expect(told.message).not.toContain("call again");
});
