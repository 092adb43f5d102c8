import * as z from "zod/v4";
import { OPERATIONS } from "../../../src/ops/registry.ts";
import type { RightInput } from "./whole.ts";

/** A right input, distorted as clients distort it. */
export interface Distorted {
  readonly operation: string;
  readonly rule: string;
  /** Path of the distorted field. */
  readonly field: string;
  readonly right: object;
  readonly input: object;
  /** Whether only MCP accepts it: HTTP refuses fields that it does not know. */
  readonly mcpOnly?: true;
}

type Path = readonly (string | number)[];
type Change = readonly [rule: string, path: Path, value: unknown];

const node = z.looseObject({
  type: z.string().optional(),
  enum: z.array(z.string()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  items: z.unknown().optional(),
  default: z.unknown().optional(),
});

const PATHS = new Set(["path", "file", "paths", "files", "sparse", "move_to"]);
/** Operations in which `x/` may mean a folder to make. */
const WRITTEN = new Set(["edit"]);
const CLIENT_FIELDS = ["toolCallId", "sessionId", "_sessionID", "action", "chatInput", "tool", "explanation"];

/** Returns every distortion of one field of an input, and of all fields that it leaves out. */
export function distortions({ operation, input: right }: RightInput): Distorted[] {
  const schema = OPERATIONS.find(({ name }) => name === operation)?.input ?? z.never();
  const root = z.toJSONSchema(schema, { io: "input" });
  const changes = [...changesOf(root, right, [], operation)];
  const omitted = changes.filter(([rule]) => rule === "filled").map(([, path, value]) => [path, value] as const);
  const all = omitted.reduce<object>((into, [path, value]) => set(into, path, value), right);
  const nulls = omitted.reduce<object>((into, [path]) => set(into, path, null), right);
  const one = changes.map(([rule, path, value]) => ({
    operation,
    rule,
    field: path.join("."),
    right,
    input: set(right, path, value),
  }));
  const own = CLIENT_FIELDS.map((field) => ({ field, rule: "client's own", input: { ...right, [field]: "call_x" } }));
  const camel = Object.keys(right)
    .filter((name) => name.includes("_"))
    .map((name) => ({ field: name, rule: "camel case", input: renamed(right, name, camelCase(name)) }));
  return [
    ...one,
    { operation, rule: "all filled", field: "", right, input: all },
    { operation, rule: "all null", field: "", right, input: nulls },
    ...[...own, ...camel].map((each) => ({ ...each, operation, right, mcpOnly: true as const })),
  ];
}

function* changesOf(part: unknown, value: unknown, path: Path, operation: string): Generator<Change> {
  const { type, properties = {}, required = [], items, enum: options } = node.parse(part);
  const name = String(path.findLast((step) => typeof step === "string"));
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    if (path.length > 0) yield ["object as JSON text", path, JSON.stringify(value)];
    const members = new Map(Object.entries(value));
    for (const [member, own] of Object.entries(properties)) {
      if (members.has(member)) yield* changesOf(own, members.get(member), [...path, member], operation);
      else if (!required.includes(member)) yield* empties(own, [...path, member]);
    }
  } else if (Array.isArray(value)) {
    yield ["list as JSON text", path, JSON.stringify(value)];
    yield ["entry null", path, [...value, null]];
    if (value.length === 1) yield ["entry for list", path, value[0]];
    if (value.every((entry) => typeof entry === "string")) {
      yield ["list in Python's form", path, `[${value.map((entry) => `'${entry}'`).join(", ")}]`];
    }
    for (const [at, entry] of value.entries()) yield* changesOf(items, entry, [...path, at], operation);
  } else if (typeof value === "number") {
    yield ["number as text", path, String(value)];
    yield ["number as text", path, `${value}.0`];
  } else if (typeof value === "boolean") {
    for (const word of [String(value), String(value).toUpperCase(), value ? 1 : 0]) {
      yield ["boolean as text", path, word];
    }
  } else if (typeof value === "string") {
    yield* textChanges(value, path, name, operation, options !== undefined);
    if (type === "string") yield ["text in a list", path, [value]];
  }
}

function* textChanges(text: string, path: Path, name: string, operation: string, isEnum: boolean): Generator<Change> {
  if (name === "cursor" || /^\d+$/.test(text)) yield ["number for text", path, Number(text)];
  if (isEnum) yield ["other case", path, text.toUpperCase()];
  if (!PATHS.has(name)) return;
  for (const spelling of [`./${text}`, `/${text}`, `.//${text}`, text.replaceAll("/", "//"), `././${text}`]) {
    yield ["path", path, spelling];
  }
  if (!WRITTEN.has(operation)) yield ["path", path, `${text}/`];
}

/** Yields empty values of a field that the input leaves out. */
function* empties(part: unknown, path: Path): Generator<Change> {
  const { type, default: fallback } = node.parse(part);
  yield ["null", path, null];
  if (path.at(-1) === "executable" || fallback === true) return;
  const empty = type === "array" ? [] : type === "boolean" ? false : type === "integer" ? 0 : "";
  yield ["filled", path, empty];
  yield ["empty text", path, ""];
}

function set(into: unknown, [head, ...rest]: Path, value: unknown): object {
  const members: object = typeof into === "object" && into !== null ? into : {};
  if (head === undefined) return members;
  const member = rest.length === 0 ? value : set(Reflect.get(members, head), rest, value);
  return Array.isArray(members) ? members.with(Number(head), member) : { ...members, [head]: member };
}

const camelCase = (name: string) => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

const renamed = (input: object, from: string, to: string) =>
  Object.fromEntries(Object.entries(input).map(([name, value]) => [name === from ? to : name, value]));
