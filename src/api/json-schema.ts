import * as z from "zod/v4";

/** A schema as JSON Schema 2020-12, the dialect of OpenAPI 3.1, without naming the dialect. */
export function jsonSchema(schema: z.ZodType, io: "input" | "output"): z.core.JSONSchema.BaseSchema {
  const made = z.toJSONSchema(schema, {
    target: "draft-2020-12",
    io,
    override({ jsonSchema: part }) {
      // A result may get new members without breaking anybody.
      if (io === "output" && part.additionalProperties === false) delete part.additionalProperties;
    },
  });
  delete made.$schema;
  return made;
}

/** A JSON answer, for a route's `responses`. */
export function json(description: string, schema: z.ZodType): object {
  return { description, content: { "application/json": { schema: jsonSchema(schema, "output") } } };
}
