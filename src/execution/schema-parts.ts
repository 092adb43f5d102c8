import * as z from "zod/v4";

export type Schema = z.core.$ZodType;

/** The schema of a field's value when the field is not left out; undefined: it cannot be left out. */
export const optionalPart = (schema: Schema): Schema | undefined =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? schema.unwrap() : undefined;

/** Whether an object needs the field. */
export const isRequired = (schema: z.ZodObject, field: string): boolean => {
  const part = schema.shape[field];
  return part !== undefined && optionalPart(part) === undefined;
};

/** The schema of what a caller writes: without defaults and transformations. */
export function writtenPart(schema: Schema): Schema {
  const inner = schema instanceof z.ZodPipe ? schema.in : optionalPart(schema);
  return inner ? writtenPart(inner) : schema;
}

/** zod's name for the type of a schema. */
export const typeOf = (schema: Schema): string => (schema instanceof z.ZodType ? schema.def.type : "unknown");

/** The fields of the object at a path of a schema; empty: there is none. */
export function fieldsAt(schema: Schema, path: readonly PropertyKey[]): string[] {
  const part = writtenPart(schema);
  const [step, ...rest] = path;
  if (part instanceof z.ZodArray && step !== undefined) return fieldsAt(part.element, rest);
  if (!(part instanceof z.ZodObject)) return [];
  if (step === undefined) return Object.keys(part.shape);
  const member = part.shape[String(step)];
  return member ? fieldsAt(member, rest) : [];
}
