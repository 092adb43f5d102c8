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

const errorOf = (read: () => unknown): unknown => {
  try {
    return read();
  } catch (error) {
    return error;
  }
};

const several = z
  .strictObject({
    path: z.string(),
    limit: z.int().min(1).max(5).optional(),
    side: z.enum(["ours", "theirs"]).optional(),
    only: z.literal(true).optional(),
    list: z.array(z.string()).min(2).optional(),
    bytes: z.base64().optional(),
  })
  .refine((asked) => asked.path !== "x", { path: ["path"], message: "is x" });

test("every wrong field is told at once, in plain words", () => {
  const input = { limit: 9, side: "none of them", only: "perhaps", list: ["a"], bytes: "%", pth: "a", zzz: 1 };
  const error = errorOf(() => parseInput(several, input));
  expect(error).toMatchObject({
    code: "invalid_input",
    details: {
      field: "path",
      errors: [
        { field: "path", detail: "is missing" },
        { field: "limit", detail: "is over 5, the largest that is taken" },
        { field: "side", detail: "is none of 'ours', 'theirs'" },
        { field: "only", detail: "can only be true; otherwise omit it" },
        { field: "list", detail: "has under 2 entries" },
        { field: "bytes", detail: "is not base64" },
        { field: "pth", detail: "is not a field here; write 'path'" },
        { field: "zzz", detail: "is not a field here; the fields are path, limit, side, only, list, bytes" },
      ],
    },
  });
  expect(String(error)).toMatch(/path: is missing\. .*zzz: .*\. Nothing was done\.$/);
});

test("fields are checked against each other although one is unknown", () => {
  expect(errorOf(() => parseInput(several, { path: "x", zzz: 1 }))).toMatchObject({
    details: { errors: [{ field: "zzz" }, { field: "path", detail: "is x" }] },
  });
});

test("one wrong field is told once, and of very many the first", () => {
  expect(errorOf(() => parseInput(several, {}))).toMatchObject({
    message: "path: is missing. Nothing was done.",
    details: { field: "path" },
  });
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`unknown-${n}`, 1]));
  const error = errorOf(() => parseInput(several, { path: "a", ...many }));
  expect(String(error)).toContain("10 more fields are wrong");
  expect(errorOf(() => parseInput(several, {}))).not.toHaveProperty("details.errors");
});

test("a field that is missing is explained", () => {
  const described = z.object({ list: z.array(z.object({ name: z.string().describe("A name") })) });
  expect(errorOf(() => parseInput(described, { list: [{}] }))).toMatchObject({
    message: "list.0.name: is missing (A name). Nothing was done.",
  });
});
