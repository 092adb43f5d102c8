import * as z from "zod/v4";

export type Schema = z.core.$ZodType;

/** Returns the schema of an optional field's value; undefined if the field is required. */
export const optionalPart = (schema: Schema): Schema | undefined =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? schema.unwrap() : undefined;

/** Whether a field is required. */
export const isRequired = (schema: z.ZodObject, field: string): boolean => {
  const part = schema.shape[field];
  return part !== undefined && optionalPart(part) === undefined;
};

/** Returns the schema of a caller's input: without defaults and transformations. */
export function writtenPart(schema: Schema): Schema {
  const inner = schema instanceof z.ZodPipe ? schema.in : optionalPart(schema);
  return inner ? writtenPart(inner) : schema;
}

/** zod's name for the type of a schema. */
export const typeOf = (schema: Schema): string => (schema instanceof z.ZodType ? schema.def.type : "unknown");

/** Returns the schema at a path of a schema; undefined if there is none. */
function partAt(schema: Schema, path: readonly PropertyKey[]): Schema | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return schema;
  const part = writtenPart(schema);
  if (part instanceof z.ZodArray) return partAt(part.element, rest);
  const member = part instanceof z.ZodObject ? part.shape[String(step)] : undefined;
  return member && partAt(member, rest);
}

/** Returns the fields of the object at a path of a schema; empty if there is none. */
export function fieldsAt(schema: Schema, path: readonly PropertyKey[]): string[] {
  const found = partAt(schema, path);
  const part = found && writtenPart(found);
  return part instanceof z.ZodObject ? Object.keys(part.shape) : [];
}

/** Returns the description of the field at a path of a schema. */
export function descriptionAt(schema: Schema, path: readonly PropertyKey[]): string | undefined {
  const part = partAt(schema, path);
  return part instanceof z.ZodType ? part.description : undefined;
}
