import { describe, expect, test } from "vitest";
import { distortions } from "../../scripts/bench/calls/distort.ts";
import { RIGHT_INPUTS } from "../../scripts/bench/calls/whole.ts";
import { parseInput } from "../../src/execution/parse-input.ts";
import { contextFor } from "../../src/ops/context.ts";
import { parametersOf } from "../../src/mcp/parameters.ts";
import { OPERATIONS } from "../../src/ops/registry.ts";
import { FIELDS } from "../security/fields.ts";

const schemaOf = (name: string) => {
  const operation = OPERATIONS.find((each) => each.name === name);
  if (!operation) throw new Error(`no operation ${name}`);
  return operation.input;
};

const AGENT = { author: { name: "a", email: "a@b.c" }, agentBranchPrefix: "agent" };
const CONTEXT = contextFor(AGENT, { maxRetries: 0, timeoutS: 1 });

/** Returns the input that an operation gets from a call of its tool, without the page sizes of MCP. */
function byTool(operation: string, input: object): unknown {
  return parseInput(schemaOf(operation), parametersOf("", schemaOf(operation), input).input);
}

test("the right inputs have every field of every operation", () => {
  const has = (input: unknown, [head, ...rest]: readonly (string | number)[]): boolean =>
    head === undefined ||
    (typeof input === "object" && input !== null && has(Reflect.get(input, head), rest) && head in input);
  const missing = FIELDS.filter(
    ({ operation, path }) =>
      path[0] !== "unheard_of" &&
      !RIGHT_INPUTS.some((right) => right.operation === operation && has(right.input, path)),
  );
  expect(missing).toEqual([]);
});

describe.each(RIGHT_INPUTS)("$operation $input", (right) => {
  const schema = schemaOf(right.operation);
  const parsed = schema.parse(right.input);
  const planned = OPERATIONS.find(({ name }) => name === right.operation && name === "edit");
  /**
   * The input as the sandbox gets it: edit's schema accepts empty fields beside an action, the sandbox gets none of
   * them.
   */
  const meaningOfParsed = (read: unknown) => planned?.plan(read, CONTEXT).args ?? read;
  const meaning = meaningOfParsed(parsed);

  test("is read as it is", () => {
    expect(parseInput(schema, right.input)).toEqual(parsed);
    expect(byTool(right.operation, right.input)).toEqual(parsed);
  });

  test("means the same however a client distorts it", () => {
    const differing = distortions(right).flatMap(({ rule, field, input, mcpOnly }) => {
      const readings = [...(mcpOnly ? [] : [() => parseInput(schema, input)]), () => byTool(right.operation, input)];
      return readings
        .map((read) => attempt(() => meaningOfParsed(read())))
        .filter((found) => !same(found, meaning))
        .map((found) => ({ rule, field, input, found }));
    });
    expect(differing).toEqual([]);
  });
});

function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return String(error);
  }
}

const same = (one: unknown, other: unknown) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));

/** Returns the value with sorted members, without absent ones. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => [name, sorted(member)])
    .toSorted(([one], [other]) => (String(one) < String(other) ? -1 : 1));
}
