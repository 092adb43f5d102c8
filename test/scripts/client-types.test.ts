import { expect, test } from "vitest";
import * as z from "zod/v4";
import { clientTypes } from "../../scripts/client/generate.ts";
import { schemaSchema, typeOf } from "../../scripts/client/schema-types.ts";
import { jsonSchema } from "../../src/api/json-schema.ts";
import { openApi } from "../../src/api/openapi.ts";

const document = z
  .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
  .parse(JSON.parse(JSON.stringify(openApi())));

test("every route of the document has types", () => {
  const text = clientTypes();
  const methods = Object.entries(document.paths).flatMap(([path, members]) =>
    Object.keys(members)
      .filter((member) => member !== "parameters")
      .map((method) => `  "${method.toUpperCase()} ${path}": {\n    readonly path: `),
  );
  expect(methods.length).toBeGreaterThan(30);
  expect(methods.filter((start) => !text.includes(start))).toEqual([]);
});

const schemas: readonly [z.ZodType, string][] = [
  [z.string().min(1).max(9).regex(/x/), "string"],
  [z.int().min(0).default(1), "number"],
  [z.boolean().nullable(), "boolean | null"],
  [z.enum(["a", 'b"']), String.raw`"a" | "b\""`],
  [z.union([z.boolean(), z.literal("unknown")]), 'boolean | "unknown"'],
  [z.array(z.enum(["a", "b"])), 'readonly ("a" | "b")[]'],
  [z.record(z.string(), z.int()), "{\nreadonly [member: string]: number;\n}"],
  [z.looseObject({}), "{\nreadonly [member: string]: unknown;\n}"],
  [z.object({}), "Record<string, unknown>"],
  [z.looseObject({ "a-b": z.string() }), '{\nreadonly "a-b": string;\nreadonly [member: string]: unknown;\n}'],
  [z.object({ a: z.string().optional().describe("Of */ it") }), "{\n/** Of *\\/ it */\nreadonly a?: string;\n}"],
  [z.unknown(), "unknown"],
];

test.each(schemas)("a schema is the type of its values (%#)", (schema, type) => {
  expect(typeOf(schemaSchema.parse(jsonSchema(schema, "output")), "out")).toBe(type);
});

test("what a caller writes may be undefined where it may be absent", () => {
  const schema = schemaSchema.parse(jsonSchema(z.strictObject({ a: z.string().optional() }), "input"));
  expect(typeOf(schema, "in")).toBe("{\nreadonly a?: string | undefined;\n}");
});

test.each<object>([
  { type: "object", patternProperties: {} },
  { type: "array", prefixItems: [] },
  { type: "object", additionalProperties: true },
  { allOf: [{ type: "string" }] },
  { type: "object", properties: { a: { not: {} } } },
])("a keyword that it does not know is an error, not a wider type: %j", (schema) => {
  expect(() => schemaSchema.parse(schema)).toThrow(/Unrecognized key|Invalid input/);
});
