import { count, plural } from "../format.ts";
import { named, type Schema } from "./document.ts";

/** One line of a table of fields. */
export interface Field {
  /** As in `files[].path`. */
  readonly path: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string;
  /** As in "1 to 100"; undefined: none. */
  readonly limits: string | undefined;
  /** As JSON; undefined: none. */
  readonly default: string | undefined;
}

type Schemas = Readonly<Record<string, Schema>>;

/** Returns all fields of a schema; those of an inner object follow their object. */
export function fieldsOf(schema: Schema, schemas: Schemas, within = ""): Field[] {
  const { properties = {}, required = [] } = named(schema, schemas);
  return Object.entries(properties).flatMap(([name, property]) => {
    const path = within === "" ? name : `${within}.${name}`;
    const { inner, suffix } = innermost(property, schemas);
    const field: Field = {
      path,
      type: typeOf(property, schemas),
      isRequired: required.includes(name),
      description: property.description ?? inner.description ?? "",
      ...boundsOf(property, schemas),
    };
    return [field, ...fieldsOf(inner, schemas, path + suffix)];
  });
}

/** Returns the schema of the objects that a field holds, also in lists or beside null. */
function innermost(schema: Schema, schemas: Schemas): { inner: Schema; suffix: string } {
  const { items, anyOf, ...rest } = named(schema, schemas);
  if (items) {
    const { inner, suffix } = innermost(items, schemas);
    return { inner, suffix: `[]${suffix}` };
  }
  const part = anyOf?.find((one) => named(one, schemas).properties !== undefined);
  return part ? innermost(part, schemas) : { inner: rest, suffix: "" };
}

/** Returns the limits and the default of a schema's values. */
export function boundsOf(schema: Schema, schemas: Schemas): Pick<Field, "limits" | "default"> {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems } = named(schema, schemas);
  return {
    limits:
      rangeOf(minimum, maximum) ?? rangeOf(minLength, maxLength, "character") ?? rangeOf(minItems, maxItems, "item"),
    default: schema.default === undefined ? undefined : JSON.stringify(schema.default),
  };
}

function rangeOf(least: number | undefined, most: number | undefined, unit?: string): string | undefined {
  const text = (value: number) => (unit === undefined ? count(value) : plural(value, unit));
  if (most === undefined) return least === undefined ? undefined : `at least ${text(least)}`;
  return least === undefined ? `at most ${text(most)}` : `${count(least)} to ${text(most)}`;
}

/** A schema's type in few words. */
export function typeOf(schema: Schema, schemas: Schemas): string {
  const { anyOf, const: only, enum: values, items, type, format, additionalProperties } = named(schema, schemas);
  if (anyOf) return anyOf.map((one) => typeOf(one, schemas)).join(" | ");
  if (only !== undefined) return JSON.stringify(only);
  if (values) return values.map((value) => JSON.stringify(value)).join(" | ");
  if (items) {
    const each = typeOf(items, schemas);
    return each.includes(" | ") ? `(${each})[]` : `${each}[]`;
  }
  // An empty schema, for members of any type, says no more than "object".
  const others = typeof additionalProperties === "object" && Object.keys(additionalProperties).length > 0;
  if (others) return `{ [name]: ${typeOf(additionalProperties, schemas)} }`;
  const plain = typeof type === "string" ? type : (type?.join(" | ") ?? "any");
  return format === undefined ? plain : `${plain} (${format})`;
}
