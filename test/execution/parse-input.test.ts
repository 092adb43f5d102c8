import * as z from "zod/v4";
import { expect, test } from "vitest";
import { parseInput } from "../../src/execution/parse-input.ts";

const schema = z.looseObject({});

test.each([
  [{ a: "\ud800" }, "a"],
  [{ a: [{ b: "x\udfffy" }] }, "a.0.b"],
  [{ "\ud800": 1 }, "\ufffd"],
])("half a character is refused, and its field named", (input, field) => {
  expect(() => parseInput(schema, input)).toThrow(
    expect.objectContaining({ code: "invalid_input", details: { field } }),
  );
});

test("whole characters are taken, however deep the input", () => {
  expect(parseInput(schema, { a: "👩‍👩‍👧" })).toEqual({ a: "👩‍👩‍👧" });
  const deep: unknown = JSON.parse(`{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`);
  expect(() => parseInput(schema, deep)).not.toThrow();
});
