import * as z from "zod/v4";
import { scalarReading } from "./scalar-reading.ts";
import { isRequired, optionalPart, type Schema, typeOf } from "./schema-parts.ts";

export type Members = Readonly<Record<string, unknown>>;

/** Gives the members of an object the names of the schema's fields. */
export type Naming = (members: Members, schema: z.ZodObject) => Members;

const asWritten: Naming = (members) => members;

/**
 * Reads input in the forms that clients write: converts a value of another type if the schema allows one reading only,
 * such as `"10"` for a number. An ambiguous value stays as it is, and the schema refuses it. Valid input is kept.
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

  /** Returns undefined if the value is absent. */
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

/** Unwraps a list of one value. */
const onlyEntry = (given: unknown): unknown =>
  Array.isArray(given) && given.length === 1 && !Array.isArray(given[0]) ? given[0] : given;

const isValid = (schema: Schema, value: unknown) => z.safeParse(schema, value).success;

const isEmpty = (value: unknown) => value === "" || value === false || (Array.isArray(value) && value.length === 0);

/** Whether a field cannot hold a name, so that the text `none` means no value. */
const isChoice = (schema: Schema) => ["number", "boolean", "enum", "literal"].includes(typeOf(schema));
const isNothing = (value: unknown) => typeof value === "string" && /^(?:none|null|undefined)$/i.test(value);

/** Omits empty values if the schema refuses the object with them and accepts it without them. */
function withoutEmpty(schema: z.ZodObject, members: Members): Members {
  const mayGo = (name: string) => Object.hasOwn(schema.shape, name) && !isRequired(schema, name);
  const empty = Object.keys(members).filter((name) => isEmpty(members[name]) && mayGo(name));
  if (empty.length === 0 || isValid(schema, members)) return members;
  const keeping = (kept: readonly string[]) =>
    Object.fromEntries(Object.entries(members).filter(([name]) => kept.includes(name) || !empty.includes(name)));
  // The object may need one empty value: an empty file needs its content.
  const least = [[], ...empty.map((name) => [name])].find((kept) => isValid(schema, keeping(kept)));
  if (!least) return members;
  const most = empty.reduce(
    (kept, name) => (isValid(schema, keeping([...kept, name])) ? [...kept, name] : kept),
    least,
  );
  return keeping(most);
}

/** Returns the members of an object, also of one in JSON; undefined for other values. */
export function membersOf(given: unknown): Members | undefined {
  const value = typeof given === "string" ? parsed(given) : given;
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

/** Returns a list, also from JSON or its only entry. Text is JSON only if its entries have the list's type. */
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

/** Reads a list of simple texts in Python's form. */
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
