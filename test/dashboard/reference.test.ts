import { describe, expect, test } from "vitest";
import { openApi } from "../../src/api/openapi.ts";
import { curlOf } from "../../src/dashboard/reference/curl.ts";
import { type OpenApi, type Operation, operationsOf, type Schema } from "../../src/dashboard/reference/document.ts";
import { boundsOf, fieldsOf, typeOf } from "../../src/dashboard/reference/fields.ts";

/** The document as the page gets it. */
const document: OpenApi = JSON.parse(JSON.stringify(openApi()));
const operations = operationsOf(document);
const { schemas } = document.components;

function operation(id: string): Operation {
  const found = operations.find(({ operationId }) => operationId === id);
  if (!found) throw new Error(`there is no ${id}`);
  return found;
}

describe("fields", () => {
  test("of objects in lists stand below their list", () => {
    const fields = fieldsOf({ $ref: "#/components/schemas/EditInput" }, schemas);
    expect(fields.map(({ path }) => path)).toEqual([
      "sandbox_id",
      "files",
      "files[].path",
      "files[].content",
      "files[].base64",
      "files[].old",
      "files[].new",
      "files[].all",
      "files[].delete",
      "files[].move_to",
      "files[].link",
      "files[].executable",
      "files[].mode",
      "patch",
    ]);
    expect(fields.slice(1, 3)).toMatchObject([
      { type: "object[]", isRequired: false, default: undefined },
      { type: "string", isRequired: true, default: undefined },
    ]);
  });

  test("of an object beside null stand below it", () => {
    const inner: Schema = { type: "object", properties: { p50: { type: "number" } } };
    const schema: Schema = { properties: { latency: { anyOf: [inner, { type: "null" }], description: "In seconds" } } };
    expect(fieldsOf(schema, {})).toMatchObject([
      { path: "latency", type: "object | null", description: "In seconds" },
      { path: "latency.p50", type: "number" },
    ]);
  });
});

test.each<[Schema, string]>([
  [{ type: "string", format: "date-time" }, "string (date-time)"],
  [{ type: ["string", "null"] }, "string | null"],
  [{ enum: ["a", 1] }, '"a" | 1'],
  [{ type: "boolean", const: true }, "true"],
  [{ anyOf: [{ type: "boolean" }, { const: "unknown" }] }, 'boolean | "unknown"'],
  [{ type: "array", items: { enum: ["a", "b"] } }, '("a" | "b")[]'],
  [{ type: "object", additionalProperties: { type: "number" } }, "{ [name]: number }"],
  [{ $ref: "#/components/schemas/Known" }, "integer"],
  [{}, "any"],
])("%j is %s", (schema, expected) => {
  expect(typeOf(schema, { Known: { type: "integer" } })).toBe(expected);
});

test.each<[Schema, string | undefined]>([
  [{ type: "integer", minimum: 1, maximum: 1000 }, "1 to 1,000"],
  [{ type: "integer", minimum: 0 }, "at least 0"],
  [{ type: "string", maxLength: 200 }, "at most 200 characters"],
  [{ type: "string", minLength: 1 }, "at least 1 character"],
  [{ type: "array", items: {}, minItems: 1, maxItems: 50 }, "1 to 50 items"],
  [{ $ref: "#/components/schemas/Known" }, "at most 20"],
  [{ type: "string" }, undefined],
])("%j takes %s", (schema, limits) => {
  expect(boundsOf(schema, { Known: { maximum: 20 } })).toEqual({ limits, default: undefined });
});

test("no type of the document is unknown to the page", () => {
  const bodies = operations.flatMap(({ requestBody, responses }) => [
    requestBody?.content["application/json"]?.schema,
    ...Object.values(responses).map(({ content }) => content?.["application/json"]?.schema),
  ]);
  const fields = bodies.flatMap((schema) => (schema ? fieldsOf(schema, schemas) : []));
  expect(fields.length).toBeGreaterThan(200);
  expect(fields.filter(({ type }) => /\bany\b/.test(type))).toEqual([]);
});

describe("a call for a shell", () => {
  test("has the example, in quotes that hold it whole", () => {
    const push = operation("push");
    expect(curlOf(push, "https://w.example")).toBe(
      [
        "curl -sS",
        '"https://w.example/v1/git/push"',
        '-H "Authorization: Bearer $WARMTREE_KEY"',
        "-H 'Content-Type: application/json'",
        `-d '${JSON.stringify({ sandbox_id: "s0-4k7m2x9qwe3rty5zpbna", message: "Fix the greeting", files: ["README.md"] })}'`,
      ].join(" \\\n  "),
    );
    const body = { content: { "application/json": { example: { text: "it's" } } } };
    expect(curlOf({ ...push, requestBody: body }, "")).toContain(String.raw`-d '{"text":"it'\''s"}'`);
  });

  test.each([
    ["health", 'curl -sS \\\n  "/healthz"'],
    ["metrics", 'curl -sS \\\n  "/metrics" \\\n  -H "Authorization: Bearer $METRICS_KEY"'],
    [
      "endWorkspace",
      'curl -sS \\\n  -X DELETE \\\n  "/v1/workspaces/{sandbox_id}" \\\n  -H "Authorization: Bearer $WARMTREE_KEY"',
    ],
  ])("of %s", (id, expected) => {
    expect(curlOf(operation(id), "")).toBe(expected);
  });
});

test("an operation has the parameters of its path, too", () => {
  expect(operation("operatorStatus").parameters).toMatchObject([{ name: "sandbox_id", in: "path" }]);
});
