import { describe, expect, test } from "vitest";
import type * as z from "zod/v4";
import { branchHere, branchName, cursor, tagOrSha } from "../../src/ops/inputs.ts";

const SHA = "0123456789abcdef0123456789abcdef01234567";
const read1 = (schema: z.ZodType, name: string) => {
  const { success, data, error } = schema.safeParse(name);
  return success ? data : error.issues[0]?.message;
};

test("a cursor is a number that git can count to", () => {
  expect(read1(cursor, "999999999")).toBe(999_999_999);
  for (const text of ["9999999999", "-1", "1.5", ""]) expect(read1(cursor, text)).toContain("not a cursor");
});

describe("one reading where only one is possible, else the right spelling", () => {
  test.each([
    ["refs/heads/x", "x"],
    ["refs/heads/origin/x", "origin/x"],
    ["refs/heads/abc1234", "abc1234"],
    ["feature/x", "feature/x"],
    ["20260131", "20260131"],
    ["feedbee", "feedbee"],
    ["origin/x", "write 'x'"],
    ["remotes/origin/x", "write 'x'"],
    ["refs/remotes/origin/x", "write 'x'"],
    ["HEAD", "say which one"],
    ["@", "say which one"],
    ["refs/tags/v1", "names a tag"],
    ["abc1234", "'refs/heads/abc1234'"],
    [SHA, `'refs/heads/${SHA}'`],
    ["refs/pull/1/head", "not a valid branch name"],
    ["refs/heads/refs/heads/x", "not a valid branch name"],
  ])("a branch: %s", (name, expected) => {
    expect(read1(branchName, name)).toContain(expected);
  });

  test.each([
    ["refs/heads/x", "x"],
    ["origin/x", "origin/x"],
    ["refs/remotes/origin/x", "origin/x"],
    ["abc1234", "abc1234"],
    ["HEAD", "say which one"],
  ])("a branch to switch to: %s", (name, expected) => {
    expect(read1(branchHere, name)).toContain(expected);
  });

  test.each([
    ["v1", "refs/tags/v1"],
    ["refs/tags/v1", "refs/tags/v1"],
    [SHA, SHA],
    ["abc1234", "short SHA"],
    ["refs/tags/abc1234", "refs/tags/abc1234"],
    ["refs/heads/x", "give that as 'branch'"],
    ["origin/x", "give that as 'branch'"],
  ])("a commit to clone: %s", (name, expected) => {
    expect(read1(tagOrSha, name)).toContain(expected);
  });
});
