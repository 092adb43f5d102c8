import { countTokens as cl100k } from "gpt-tokenizer/encoding/cl100k_base";
import { countTokens as o200k } from "gpt-tokenizer/encoding/o200k_base";
import { expect, test } from "vitest";
import { type MinimalSchema, minimalSchema } from "../../src/mcp/minimal-json-schema.ts";
import { INSTRUCTIONS, TOOLS } from "../../src/mcp/tools.ts";
import { OPERATIONS } from "../../src/ops/registry.ts";
import { status } from "../../src/ops/status.ts";

const MAX_TOKENS = 600;
const MAX_INSTRUCTION_WORDS = 60;

/** The part of the list that a model reads. */
const list = JSON.stringify(TOOLS.map(({ name, description, inputSchema }) => ({ name, description, inputSchema })));

/** Returns a schema and all schemas within it. */
function parts(schema: MinimalSchema): MinimalSchema[] {
  const inner = [...Object.values(schema.properties ?? {}), ...(schema.items ? [schema.items] : [])];
  return [schema, ...inner.flatMap(parts)];
}

test("the whole list takes at most 600 tokens in both encodings", () => {
  const tokens = { o200k_base: o200k(list), cl100k_base: cl100k(list) };
  console.log(`tokens of the tool list: ${JSON.stringify(tokens)}`);
  expect(tokens.o200k_base).toBeLessThanOrEqual(MAX_TOKENS);
  expect(tokens.cl100k_base).toBeLessThanOrEqual(MAX_TOKENS);
});

test("the instructions take at most 60 words", () => {
  expect(INSTRUCTIONS.split(/\s+/).length).toBeLessThanOrEqual(MAX_INSTRUCTION_WORDS);
});

test("every operation is a tool, or named with its parameters by git_run", () => {
  const names = new Set(TOOLS.map(({ operation }) => operation));
  const { description } = TOOLS.find(({ name }) => name === "git_run") ?? { description: "" };
  for (const { name, input } of OPERATIONS) {
    if (names.has(name)) continue;
    const [, told = ""] = new RegExp(`\\b${name}\\{([\\w,]+)\\}`).exec(description) ?? [];
    const taken = Object.keys(minimalSchema(input, new Set()).properties ?? {});
    expect(taken, name).toEqual(expect.arrayContaining(told.split(",")));
  }
});

test("every tool says what it may do, and has a title", () => {
  for (const { name, title, annotations, operation } of TOOLS) {
    expect(name).toMatch(/^git_[a-z]{3,10}$/);
    expect(title.length).toBeGreaterThan(0);
    const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = annotations;
    expect([readOnlyHint, destructiveHint, idempotentHint, openWorldHint].map((hint) => typeof hint)).toEqual(
      Array.from({ length: 4 }, () => "boolean"),
    );
    const access = OPERATIONS.find((each) => each.name === operation)?.access;
    expect(readOnlyHint, name).toBe(access === "read");
    expect(openWorldHint, name).toBe(access === "remote" || operation === undefined);
  }
});

/**
 * Checks the subset that OpenAI (structured outputs), Anthropic (tool use) and Gemini (function declarations) all
 * accept: an object at the root, one type for each value, items for an array, at least one property for an object, and
 * none of the keywords that one of them refuses.
 */
test.each(TOOLS)("$name: its schema is one that every provider takes", ({ inputSchema }) => {
  expect(inputSchema.type).toBe("object");
  for (const part of parts(inputSchema)) {
    const { type, properties, items, required, ...other } = part;
    expect(other).toEqual({});
    expect(["string", "boolean", "integer", "array", "object"]).toContain(type);
    expect(items !== undefined).toBe(type === "array");
    expect(properties !== undefined).toBe(type === "object");
    if (properties) expect(Object.keys(properties).length).toBeGreaterThan(0);
    for (const name of required ?? []) expect(properties).toHaveProperty(name);
  }
});

test("a schema says what its operation takes, and leaves out what is unlisted, at any depth", () => {
  expect(minimalSchema(status.input, new Set(["limit"]))).toEqual({
    type: "object",
    properties: { sandbox_id: { type: "string" }, cursor: { type: "string" } },
    required: ["sandbox_id"],
  });
  const edit = TOOLS.find(({ name }) => name === "git_edit")?.inputSchema.properties?.["files"]?.items;
  expect(Object.keys(edit?.properties ?? {})).toEqual(["path", "content", "old", "new", "delete"]);
});
