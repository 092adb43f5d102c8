import * as z from "zod/v4";
import { expect, test } from "vitest";
import { validated } from "../../src/execution/parse-input.ts";

const schema = z.looseObject({});

test.each([
  [{ a: "\ud800" }, "a"],
  [{ a: [{ b: "x\udfffy" }] }, "a.0.b"],
  [{ "\ud800": 1 }, "\ufffd"],
])("half a character is refused, and its field named", (input, field) => {
  expect(() => validated(schema, input)).toThrow(
    expect.objectContaining({ code: "invalid_input", details: { field } }),
  );
});

test("whole characters are taken, however deep the input", () => {
  expect(validated(schema, { a: "👩‍👩‍👧" })).toEqual({ a: "👩‍👩‍👧" });
  const deep: unknown = JSON.parse(`{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`);
  expect(() => validated(schema, deep)).not.toThrow();
});
