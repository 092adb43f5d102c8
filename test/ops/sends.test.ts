import { describe, expect, test } from "vitest";
import { batchOf } from "../../src/ops/batch.ts";
import { branch } from "../../src/ops/branch.ts";
import { push } from "../../src/ops/push.ts";
import { OPERATIONS } from "../../src/ops/registry.ts";
import { tag } from "../../src/ops/tag.ts";
import { DEFAULT_POLICY, policyOf } from "../../src/policy/policy.ts";
import { policyWith } from "./support.ts";

const sandbox_id = "s0-00000000000000000000";
const context = { agentBranchPrefix: "bots", policy: DEFAULT_POLICY };
const pushes = (input: object, more: object = {}) =>
  push.sends?.(push.input.parse({ sandbox_id, ...input }), { ...context, ...more });
const lost = (to: string) => ({ push: { lost: { to, sha: "1", committed: "", from: "" } } });

describe("the refs that a push may change", () => {
  test("are the one that it names", () => {
    expect(pushes({ to: "refs/heads/main" })).toEqual([{ ref: "refs/heads/main", may: "write" }]);
  });

  test("are agents' branches and all but the default one where the sandbox alone knows the branch", () => {
    expect(pushes({})).toEqual([
      { ref: "refs/heads/bots/*", may: "write" },
      { ref: "refs/heads/*", may: "write", notDefault: true },
    ]);
  });

  test("are all branches where the operator opened the default one", () => {
    expect(pushes({}, { policy: policyWith({}) })?.filter(({ notDefault }) => notDefault)).toEqual([]);
  });

  test("are no more by what a sandbox tells of a lost race", () => {
    expect(pushes({}, lost("main"))).toEqual([{ ref: "refs/heads/main", may: "write", notDefault: true }]);
    expect(pushes({}, lost("bots/a/b"))).toEqual([{ ref: "refs/heads/bots/a/b", may: "write" }]);
    expect(pushes({ to: "x" }, lost("main"))).toEqual([{ ref: "refs/heads/x", may: "write" }]);
  });
});

test("a tag is created where it is pushed, and a branch is deleted where that is asked", () => {
  const tags = (input: object) => tag.sends?.(tag.input.parse({ sandbox_id, ...input }), context);
  expect(tags({ name: "v1", push: true })).toEqual([{ ref: "refs/tags/v1", may: "create" }]);
  expect([tags({ name: "v1" }), tags({})]).toEqual([[], []]);
  const branches = (input: object) => branch.sends?.(branch.input.parse({ sandbox_id, ...input }), context);
  expect(branches({ name: "x", delete: true })).toEqual([{ ref: "refs/heads/x", may: "delete" }]);
  expect(branches({ name: "origin/x", delete: true })?.map(({ ref }) => ref)).toEqual([
    "refs/heads/origin/x",
    "refs/heads/x",
  ]);
  expect([branches({ name: "x" }), branches({})]).toEqual([[], []]);
});

test("the operator's policy takes refs away", () => {
  const all = policyOf({ default: { refs: { default_branch: "never", tags: false, delete_own: false } } }, "", "");
  const strict = { ...context, policy: all };
  expect(pushes({ to: "main" }, strict)).toEqual([{ ref: "refs/heads/main", may: "write", notDefault: true }]);
  expect(pushes({ to: "main" }, {})).toEqual([{ ref: "refs/heads/main", may: "write" }]);
  const tagged = tag.input.parse({ sandbox_id, name: "v1", push: true });
  expect(tag.sends?.(tagged, strict)).toEqual([]);
  expect(branch.sends?.(branch.input.parse({ sandbox_id, name: "x", delete: true }), strict)).toEqual([]);
});

test("steps of one batch may change what each of them may", () => {
  const asked = push.input.parse({ sandbox_id, to: "x" });
  const tagged = tag.input.parse({ sandbox_id, name: "v1", push: true });
  const steps = batchOf([
    { operation: push, asked },
    { operation: tag, asked: tagged },
  ]);
  expect(steps.sends?.(undefined, context)?.map(({ ref }) => ref)).toEqual(["refs/heads/x", "refs/tags/v1"]);
});

test("every operation that pushes says what; of the others only branch does, which may delete", () => {
  for (const operation of OPERATIONS) {
    const { name, pushes: isPushing = false } = operation;
    expect([name, operation.sends !== undefined]).toEqual([name, isPushing || name === branch.name]);
  }
});
