import * as z from "zod/v4";
import { INPUT_EXAMPLES } from "../../src/api/examples.ts";
import type { Operation } from "../../src/ops/operation.ts";
import { OPERATIONS } from "../../src/ops/registry.ts";

/** Where a value is in an input: names of members and, for what is in a list, indexes. */
type FieldPath = readonly (string | number)[];

export interface Field {
  readonly operation: string;
  readonly path: FieldPath;
  /** Takes a text. */
  readonly isText: boolean;
}

const node = z.looseObject({
  type: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
});
type Found = Omit<Field, "operation">;

/** Every field of an operation's input, those within lists too, and one that there is not. */
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

/** A call that would go well, with one field changed. `known` replaces members that only a running service can tell. */
export function inputWith({ operation, path }: Field, value: unknown, known: object): object {
  return set({ ...structuredClone(INPUT_EXAMPLES[operation] ?? {}), ...known }, path, value);
}

function set(into: object, [head, ...rest]: FieldPath, value: unknown): object {
  if (head === undefined) return into;
  const before: unknown = Reflect.get(into, head);
  const container = typeof before === "object" && before !== null ? before : typeof rest[0] === "number" ? [] : {};
  const member = rest.length === 0 ? value : set(container, rest, value);
  if (Array.isArray(into)) return into.toSpliced(Number(head), 1, member);
  // Not by assignment, which `__proto__` would escape.
  return Object.fromEntries([...Object.entries(into), [String(head), member]]);
}
