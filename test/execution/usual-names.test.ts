import { expect, test } from "vitest";
import { nearestField } from "../../src/execution/usual-names.ts";
import { fieldsAt } from "../../src/execution/schema-parts.ts";
import { OPERATIONS } from "../../src/ops/registry.ts";

const CLIENTS_OWN = [
  "toolCallId",
  "sessionId",
  "_sessionID",
  "action",
  "chatInput",
  "tool",
  "explanation",
  "reasoning",
  "id",
];

test.each(OPERATIONS)("what clients add means no field of $name", ({ input }) => {
  const fields = fieldsAt(input, []);
  expect(CLIENTS_OWN.filter((name) => nearestField(name, fields) !== undefined)).toEqual([]);
});

test.each([
  ["patern", "pattern"],
  ["paht", "path"],
  ["mesage", "message"],
  ["repoUrl", "repo_url"],
  ["Start-Line", "start_line"],
  ["file", "path"],
  ["branch", "to"],
  ["reason", undefined],
  ["__proto__", undefined],
  ["constructor", undefined],
])("%s may mean %s", (name, field) => {
  const fields = ["repo_url", "pattern", "path", "message", "start_line", "to"];
  expect(nearestField(name, fields)).toBe(field);
});
