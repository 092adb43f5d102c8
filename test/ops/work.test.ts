import { expect, test } from "vitest";
import { WarmtreeError, type Work } from "../../src/errors.ts";
import { clone } from "../../src/ops/clone.ts";
import { edit } from "../../src/ops/edit.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { read } from "../../src/ops/read.ts";
import { beforeBegun, withWork } from "../../src/ops/work.ts";

const failed = (work?: Work) =>
  ({ ok: false, error: new WarmtreeError("git_failed", "git failed.", work && { work }) }) as const;

test.each([
  [read, { pushed: false, tree: "unchanged" }],
  [edit, { pushed: false, tree: "unknown" }],
  [clone, { pushed: false, tree: "unknown" }],
  [pull, { pushed: false, tree: "unknown" }],
  [push, { pushed: "unknown", tree: "unknown" }],
] as const)("$0.name that died without a word", (operation, work) => {
  expect(withWork(operation, failed())).toMatchObject({ ok: false, error: { code: "git_failed", details: { work } } });
});

test.each([
  [pull, false],
  [push, "unknown"],
] as const)("$0.name that the git host did not answer", (operation, pushed) => {
  const told: Work = { committed: "c0ffee", pushed: "unknown", tree: "unchanged" };
  expect(withWork(operation, { ...failed(told), needsRemote: true })).toMatchObject({
    needsRemote: true,
    error: { details: { work: { committed: "c0ffee", pushed, tree: "unchanged" } } },
  });
});

test("an error from before an operation was begun says that nothing was done; what else is thrown stays as it is", () => {
  const work = { pushed: false, tree: "unchanged" };
  const refused = new WarmtreeError("invalid_input", "It is wrong.", { field: "path" });
  expect(beforeBegun(refused)).toMatchObject({ code: "invalid_input", details: { field: "path", work } });
  const kept = new WarmtreeError("conflict", "It conflicts.", { work: { pushed: false, tree: "merging" } });
  expect(beforeBegun(kept)).toBe(kept);
  const foreign = new Error("another");
  expect(beforeBegun(foreign)).toBe(foreign);
});
