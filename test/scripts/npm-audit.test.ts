import { describe, expect, test } from "vitest";
import { auditOutcome } from "../../scripts/support/npm-audit.ts";

/** Returns a report in the form of npm 10 and 11. */
const report = (vulnerabilities: object, counts: object = {}) =>
  JSON.stringify({
    auditReportVersion: 2,
    vulnerabilities,
    metadata: { vulnerabilities: { info: 0, low: 0, moderate: 0, high: 0, critical: 0, total: 0, ...counts } },
  });
const advice = { source: 1, name: "left", title: "Reads too much", url: "https://example.com/1", severity: "high" };

describe("an audit", () => {
  test("that finds nothing is right", () => {
    expect(auditOutcome(report({}))).toEqual({ wrong: "" });
  });

  test("that finds what is not grave is right", () => {
    const moderate = { left: { severity: "moderate", via: [{ ...advice, severity: "moderate" }] } };
    expect(auditOutcome(report(moderate, { moderate: 1 }))).toEqual({ wrong: "" });
  });

  test.each(["high", "critical"])("that finds a vulnerability of level %s is wrong, by package and advice", (level) => {
    const found = { left: { severity: level, via: [advice] }, pad: { severity: level, via: ["left"] } };
    expect(auditOutcome(report(found, { [level]: 2 }))).toEqual({
      wrong: `left: ${level}: Reads too much (https://example.com/1)\npad: ${level}: through left`,
    });
  });

  test("that counts what it does not name is wrong", () => {
    expect(auditOutcome(report({}, { high: 1 }))).toEqual({ wrong: expect.stringContaining("1 high") });
  });

  test.each([
    ["is refused by the registry", JSON.stringify({ message: "405 Method Not Allowed", statusCode: 405, error: {} })],
    ["reaches no registry", JSON.stringify({ error: { code: "ENOTFOUND", summary: "request failed" } })],
    ["says nothing", ""],
  ])("that %s is skipped, with the reason", (_, output) => {
    expect(auditOutcome(output)).toEqual({ skipped: expect.stringContaining("registry") });
  });
});
