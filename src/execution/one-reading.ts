import * as z from "zod/v4";
import { scalarReading } from "./scalar-reading.ts";
import { isRequired, optionalPart, type Schema, typeOf } from "./schema-parts.ts";

export type Members = Readonly<Record<string, unknown>>;

/** Gives the members of an object the names of the schema's fields. */
export type Naming = (members: Members, schema: z.ZodObject) => Members;

const asWritten: Naming = (members) => members;

/**
 * Reads input as clients write it: values of another type that have one reading in the schema become that reading, such
 * as `"10"` where a number belongs. What may mean two things stays as it is, and the schema refuses it. Valid input stays
 * as it is.
 *
 * An optional field is absent if it is null, or if it is empty (`""`, `false`, `[]`, and 0 for a number) and the schema
 * refuses that value.
 */
export function oneReading(schema: Schema, given: unknown, naming: Naming = asWritten): unknown {
  return new Reader(naming).read(schema, given);
}

class Reader {
  private readonly naming: Naming;

  constructor(naming: Naming) {
    this.naming = naming;
  }

  /** Undefined: the value is absent. */
  read(schema: Schema, given: unknown): unknown {
    if (given === null) return undefined;
    const inner = optionalPart(schema);
    if (inner) return this.optional(inner, given);
    if (schema instanceof z.ZodPipe) return this.read(schema.in, given);
    if (schema instanceof z.ZodObject) return this.object(schema, given);
    if (schema instanceof z.ZodArray) return this.list(schema.element, given);
    if (schema instanceof z.ZodRecord) return this.record(schema.valueType, given);
    return scalarReading(schema, onlyEntry(given));
  }

  private optional(inner: Schema, given: unknown): unknown {
    const value = this.read(inner, given);
    const mayBeAbsent = isEmpty(value) || (value === 0 && typeOf(inner) === "number");
    return (mayBeAbsent && !isValid(inner, value)) || (isNothing(value) && isChoice(inner)) ? undefined : value;
  }

  private object(schema: z.ZodObject, given: unknown): unknown {
    const members = membersOf(given);
    if (!members) return given;
    const { shape } = schema;
    const named = Object.entries(this.naming(members, schema)).flatMap(([name, value]) => {
      const part = Object.hasOwn(shape, name) ? shape[name] : undefined;
      const found = part ? this.read(part, value) : value;
      return found === undefined ? [] : [[name, found] as const];
    });
    return withoutEmpty(schema, Object.fromEntries(named));
  }

  private list(element: Schema, given: unknown): unknown {
    const list = listOf(element, given);
    if (!Array.isArray(list)) return list;
    const entries = list.map((entry) => this.read(element, entry));
    return entries.filter((entry) => entry !== undefined && (entry !== "" || isValid(element, entry)));
  }

  private record(valueType: Schema, given: unknown): unknown {
    const members = membersOf(given);
    if (!members) return given;
    const entries = Object.entries(members).map(([name, value]) => [name, this.read(valueType, value)] as const);
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== ""));
  }
}

/** A list of one value stands for the value. */
const onlyEntry = (given: unknown): unknown =>
  Array.isArray(given) && given.length === 1 && !Array.isArray(given[0]) ? given[0] : given;

const isValid = (schema: Schema, value: unknown) => z.safeParse(schema, value).success;

const isEmpty = (value: unknown) => value === "" || value === false || (Array.isArray(value) && value.length === 0);

/** Fields in which the text `none` cannot be a name. */
const isChoice = (schema: Schema) => ["number", "boolean", "enum", "literal"].includes(typeOf(schema));
const isNothing = (value: unknown) => typeof value === "string" && /^(?:none|null|undefined)$/i.test(value);

/** Omits the empty values that the object is refused with, if it is accepted without them. */
function withoutEmpty(schema: z.ZodObject, members: Members): Members {
  const mayGo = (name: string) => Object.hasOwn(schema.shape, name) && !isRequired(schema, name);
  const empty = Object.keys(members).filter((name) => isEmpty(members[name]) && mayGo(name));
  if (empty.length === 0 || isValid(schema, members)) return members;
  const keeping = (kept: readonly string[]) =>
    Object.fromEntries(Object.entries(members).filter(([name]) => kept.includes(name) || !empty.includes(name)));
  // An object may need one of them, as a file that is written empty does.
  const least = [[], ...empty.map((name) => [name])].find((kept) => isValid(schema, keeping(kept)));
  if (!least) return members;
  const most = empty.reduce(
    (kept, name) => (isValid(schema, keeping([...kept, name])) ? [...kept, name] : kept),
    least,
  );
  return keeping(most);
}

/** An object, also as JSON. */
export function membersOf(given: unknown): Members | undefined {
  const value = typeof given === "string" ? parsed(given) : given;
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

/** A list, also as JSON, or its only entry. `[id]` is a list in JSON only if its entry has the type of the list. */
function listOf(element: Schema, given: unknown): unknown {
  const isOfObjects = element instanceof z.ZodObject;
  if (typeof given !== "string") return isOfObjects && membersOf(given) ? [given] : given;
  if (given === "") return [];
  const value = parsed(given) ?? quoted(given);
  const isEntry = (entry: unknown) => (isOfObjects ? membersOf(entry) !== undefined : typeof entry === "string");
  if (Array.isArray(value) && value.every(isEntry)) return value;
  if (isOfObjects) return membersOf(value) ? [value] : given;
  return [given];
}

/** Python's form of a list of simple texts. */
function quoted(text: string): unknown {
  return /^\[\s*'[^'"\\]*'(?:\s*,\s*'[^'"\\]*')*\s*\]$/.test(text) ? parsed(text.replaceAll("'", '"')) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
