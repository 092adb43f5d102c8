/** The part of JSON Schema that the Worker's schemas use. Other keywords are refused: their effect is unknown. */
import * as z from "zod/v4";

export interface Schema {
  readonly type?: string | readonly string[] | undefined;
  readonly description?: string | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: false | Schema | undefined;
  readonly items?: Schema | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
  readonly enum?: readonly Literal[] | undefined;
  readonly const?: Literal | undefined;
  readonly $ref?: string | undefined;
}

type Literal = string | number | boolean | null;
const literal = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** Keywords that a TypeScript type cannot express. */
const BEYOND_TYPES = Object.fromEntries(
  [
    "pattern",
    "format",
    "contentEncoding",
    "default",
    "propertyNames",
    "example",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
  ].map((keyword) => [keyword, z.unknown().optional()]),
);

export const schemaSchema: z.ZodType<Schema> = z.lazy(() =>
  z.strictObject({
    ...BEYOND_TYPES,
    type: z.union([z.string(), z.array(z.string())]).optional(),
    description: z.string().optional(),
    properties: z.record(z.string(), schemaSchema).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([z.literal(false), schemaSchema]).optional(),
    items: schemaSchema.optional(),
    anyOf: z.array(schemaSchema).optional(),
    enum: z.array(literal).optional(),
    const: literal.optional(),
    $ref: z.string().optional(),
  }),
);

/** `in`: for values that a caller writes; it may give undefined for an optional member. */
export type Direction = "in" | "out";

/** Returns the TypeScript type of values that match a schema. @throws Error if the type is unknown */
export function typeOf(schema: Schema, direction: Direction): string {
  const { $ref, anyOf, enum: values, const: value, type } = schema;
  if ($ref !== undefined) return nameOf($ref);
  if (anyOf) return union(anyOf.map((each) => typeOf(each, direction)));
  if (values) return union(values.map((each) => JSON.stringify(each)));
  if (value !== undefined) return JSON.stringify(value);
  const types = type === undefined ? [] : [type].flat();
  if (types.length === 0) return "unknown";
  return union(types.map((name) => typeNamed(name, schema, direction)));
}

function typeNamed(name: string, schema: Schema, direction: Direction): string {
  switch (name) {
    case "string":
    case "boolean":
    case "null":
      return name;
    case "integer":
    case "number":
      return "number";
    case "array":
      return `readonly ${inBrackets(typeOf(schema.items ?? {}, direction))}[]`;
    case "object":
      return objectType(schema, direction);
    default:
      throw new Error(`no type is known for ${name}`);
  }
}

function objectType({ properties = {}, required = [], additionalProperties }: Schema, direction: Direction): string {
  const members = Object.entries(properties).map(([name, schema]) => {
    const isRequired = required.includes(name);
    const type = typeOf(schema, direction);
    const absent = !isRequired && direction === "in" ? " | undefined" : "";
    return `${comment(schema)}readonly ${keyOf(name)}${isRequired ? "" : "?"}: ${type}${absent};`;
  });
  if (additionalProperties) {
    const type = members.length > 0 ? "unknown" : typeOf(additionalProperties, direction);
    members.push(`readonly [member: string]: ${type};`);
  }
  return members.length > 0 ? `{\n${members.join("\n")}\n}` : "Record<string, unknown>";
}

/** Returns the comment before a member or a type: its description. */
export function comment({ description }: Schema): string {
  return description === undefined ? "" : `/** ${description.replaceAll("*/", "*\\/")} */\n`;
}

/** Returns a member's name as it is written in a type. */
export const keyOf = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name));

const nameOf = (reference: string): string => reference.replace("#/components/schemas/", "");
const union = (types: readonly string[]): string => [...new Set(types)].join(" | ");
const inBrackets = (type: string): string => (/[|]/.test(type) ? `(${type})` : type);
