import * as z from "zod/v4";
import { INPUT_EXAMPLES } from "../../src/api/examples.ts";
import type { Operation } from "../../src/ops/operation.ts";
import { OPERATIONS } from "../../src/ops/registry.ts";

/** The place of a value in an input: names of members and, in lists, indexes. */
type FieldPath = readonly (string | number)[];

export interface Field {
  readonly operation: string;
  readonly path: FieldPath;
  /** Whether the field takes a text. */
  readonly isText: boolean;
}

const node = z.looseObject({
  type: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
});
type Found = Omit<Field, "operation">;

/** Returns every field of an operation's input, also within lists, and one that does not exist. */
function fieldsOf({ name, input }: Operation): Field[] {
  const walk = (schema: unknown, path: FieldPath): Found[] => {
    const { type, properties, items } = node.parse(schema);
    const members = Object.entries(properties ?? {}).flatMap(([key, member]) => walk(member, [...path, key]));
    const inList = items === undefined ? [] : walk(items, [...path, 0]);
    return [...(path.length === 0 ? [] : [{ path, isText: type === "string" }]), ...members, ...inList];
  };
  const found = walk(z.toJSONSchema(input, { io: "input" }), []);
  return [...found, { path: ["unheard_of"], isText: false }].map((field) => ({ operation: name, ...field }));
}

export const FIELDS: readonly Field[] = OPERATIONS.flatMap(fieldsOf);

/** Returns a valid call with one field changed. `known` replaces members that only a running service can provide. */
export function inputWith({ operation, path }: Field, value: unknown, known: object): object {
  return set({ ...structuredClone(INPUT_EXAMPLES[operation] ?? {}), ...known }, path, value);
}

function set(into: object, [head, ...rest]: FieldPath, value: unknown): object {
  if (head === undefined) return into;
  const before: unknown = Reflect.get(into, head);
  const container = typeof before === "object" && before !== null ? before : typeof rest[0] === "number" ? [] : {};
  const member = rest.length === 0 ? value : set(container, rest, value);
  if (Array.isArray(into)) return into.toSpliced(Number(head), 1, member);
  // Does not assign: an assignment to `__proto__` would set the prototype.
  return Object.fromEntries([...Object.entries(into), [String(head), member]]);
}
