import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import * as z from "zod/v4";
import { ERROR_KINDS } from "../../src/errors.ts";
import { CONFLICT_EXAMPLE, INPUT_EXAMPLES } from "../../src/api/examples.ts";
import { openApi } from "../../src/api/openapi.ts";
import { takesKey } from "../../src/api/schemas.ts";
import { OPERATIONS } from "../../src/ops/registry.ts";

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null;

/** The document in the form that clients get. */
const document: Json = JSON.parse(JSON.stringify(openApi()));

/** Returns the value that a JSON pointer of this document points at. */
function at(pointer: string): Json {
  let found: unknown = document;
  for (const part of pointer.replace("#/", "").split("/")) {
    found = isObject(found) ? found[part.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
  }
  if (!isObject(found)) throw new Error(`${pointer} points at nothing`);
  return found;
}

const resolved = (value: Json): Json => (typeof value["$ref"] === "string" ? at(value["$ref"]) : value);

/** Yields every object of the document with its pointer. */
function* objects(value: unknown = document, pointer = "#"): Generator<[pointer: string, value: Json]> {
  if (!isObject(value)) return;
  yield [pointer, value];
  for (const [key, inner] of Object.entries(value)) {
    yield* objects(inner, `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  }
}

it("is a valid OpenAPI 3.1 document", async () => {
  const validator = new Validator();
  expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
  expect(validator.version).toBe("3.1");
});

it("has no bound that only JavaScript has", () => {
  const bounded = [...objects()].filter(([, { minimum, maximum }]) =>
    [minimum, maximum].some((bound) => typeof bound === "number" && Math.abs(bound) >= Number.MAX_SAFE_INTEGER),
  );
  expect(bounded).toEqual([]);
});

it("is made once", () => {
  expect(openApi()).toBe(openApi());
});

it("refers only to what it holds", () => {
  const references = [...objects()].flatMap(([, value]) => (typeof value["$ref"] === "string" ? [value["$ref"]] : []));
  expect(references.length).toBeGreaterThan(OPERATIONS.length);
  for (const reference of references) expect(() => at(reference)).not.toThrow();
});

it("gives every route an id of its own", () => {
  const ids = [...objects(document["paths"])].flatMap(([, value]) => value["operationId"] ?? []);
  expect(ids).toHaveLength(OPERATIONS.length + 45);
  expect(new Set(ids).size).toBe(ids.length);
});

it("asks for a key everywhere but for health", () => {
  expect(document["security"]).toEqual([{ apiKey: [] }]);
  const others = [...objects(document["paths"])].filter(([, value]) => "security" in value);
  const operators = others.filter(([pointer]) => pointer.startsWith("#/~1v1~1operator~1"));
  expect(operators.map(([, value]) => value["security"])).toEqual(operators.map(() => [{ operatorKey: [] }]));
  const open = others.filter((other) => !operators.includes(other));
  expect(open).toMatchObject([
    ["#/~1healthz/get", { security: [] }],
    ["#/~1v1~1checks/get", { security: [{ apiKey: [] }, { operatorKey: [] }] }],
    ["#/~1metrics/get", { security: [{ metricsKey: [] }] }],
  ]);
});

it("puts every route into one group that it describes, and has none without a route", () => {
  const listed = z.array(z.object({ name: z.string(), description: z.string() })).parse(document["tags"]);
  const routes = [...objects(document["paths"])].filter(([, value]) => "operationId" in value);
  const tags = routes.map(([pointer, { tags: given }]) => [pointer, z.tuple([z.string()]).parse(given)[0]] as const);
  expect([...new Set(tags.map(([, tag]) => tag))].sort()).toEqual(listed.map(({ name }) => name).sort());
  expect(Object.fromEntries(tags)).toMatchObject({
    "#/~1v1~1git~1clone/post": "git",
    "#/~1v1~1workspaces~1{sandbox_id}~1pause/post": "workspaces",
    "#/~1v1~1operator~1workspaces/get": "operator",
    "#/~1mcp/post": "mcp",
    "#/~1metrics/get": "service",
  });
});

describe("examples", () => {
  const examples = [...objects()].flatMap(([pointer, { schema, example }]) =>
    isObject(schema) && isObject(example) ? [{ pointer, schema: resolved(schema), example }] : [],
  );

  it("are there for every operation and for nothing else", () => {
    expect(Object.keys(INPUT_EXAMPLES).sort()).toEqual(OPERATIONS.map(({ name }) => name).sort());
    expect(examples).toHaveLength(OPERATIONS.length + 1);
  });

  it.each(examples)("$pointer is what its schema asks for", ({ schema, example }) => {
    expect(z.fromJSONSchema(schema).parse(example)).toMatchObject(example);
  });

  it.each(OPERATIONS)(
    "of $name are taken by the operation itself, which ignores nothing in them",
    ({ name, input }) => {
      expect(input.parse(INPUT_EXAMPLES[name])).toMatchObject(INPUT_EXAMPLES[name] ?? {});
    },
  );
});

describe("operations", () => {
  it.each(OPERATIONS)("$name: input, result, token where it talks to the git host", ({ name, access }) => {
    const route = at(`#/paths/~1v1~1git~1${name}/post`);
    const titled = name.charAt(0).toUpperCase() + name.slice(1);
    expect(route).toMatchObject({
      operationId: name,
      requestBody: { content: { "application/json": { schema: { $ref: `#/components/schemas/${titled}Input` } } } },
      responses: {
        200: { content: { "application/json": { schema: { $ref: `#/components/schemas/${titled}Result` } } } },
      },
    });
    const named = [access === "remote" ? ["GitToken"] : [], takesKey(name) ? ["IdempotencyKey"] : []].flat();
    const parameters = named.map((one) => ({ $ref: `#/components/parameters/${one}` }));
    expect(route["parameters"] ?? []).toEqual(parameters);
  });

  it("clone tells which workspace it opened", () => {
    expect(at("#/components/schemas/CloneResult")["required"]).toEqual(
      expect.arrayContaining(["sandbox_id", "source"]),
    );
  });
});

describe("problems", () => {
  it.each(Object.entries(ERROR_KINDS))("%s is told of under its status", (code, { status }) => {
    expect(at(`#/components/responses/Problem${status}`)["description"]).toContain(`\`${code}\``);
    expect(at("#/components/schemas/Problem/properties/code")["enum"]).toContain(code);
  });

  it("shows a conflict that is one", () => {
    expect(at("#/components/responses/Problem409/content/application~1problem+json")["example"]).toEqual(
      CONFLICT_EXAMPLE,
    );
  });
});
