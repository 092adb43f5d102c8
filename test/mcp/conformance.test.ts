import { expect, test } from "vitest";
import { judge } from "../../scripts/conformance/verdict.ts";
import type { Check } from "../../scripts/conformance/suite.ts";

const check = (scenario: string, id: string, status: Check["status"]): Check => ({ scenario, id, status });
const because = (entry: string) => ({ entry, reason: "a reason" });

test("what fails must be expected, by its scenario or by its check; warnings count", () => {
  const checks = [
    check("a", "one", "SUCCESS"),
    check("a", "two", "FAILURE"),
    check("b", "one", "WARNING"),
    check("c", "one", "SKIPPED"),
  ];
  expect(judge(checks, [])).toMatchObject({
    scenarios: 3,
    passed: 1,
    unexpected: ["a:two: no message", "b:one: no message"],
  });
  expect(judge(checks, [because("a:two"), because("b")])).toMatchObject({ unexpected: [], stale: [] });
  expect(judge(checks, [because("a:one"), because("b")])).toMatchObject({
    unexpected: [expect.any(String)],
    stale: ["a:one"],
  });
});

test("what passes must not be expected to fail", () => {
  const checks = [check("a", "one", "SUCCESS"), check("c", "one", "SKIPPED")];
  expect(judge(checks, [because("a"), because("c:one"), because("gone")]).stale).toEqual(["a", "c:one", "gone"]);
});
