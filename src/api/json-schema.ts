import * as z from "zod/v4";

/** Converts a schema to JSON Schema 2020-12, the dialect of OpenAPI 3.1, without `$schema`. */
export function jsonSchema(schema: z.ZodType, io: "input" | "output"): z.core.JSONSchema.BaseSchema {
  const made = z.toJSONSchema(schema, {
    target: "draft-2020-12",
    io,
    override({ jsonSchema: part }) {
      // New members in a result must not break clients.
      if (io === "output" && part.additionalProperties === false) delete part.additionalProperties;
      // zod adds these bounds to every integer.
      if (part.minimum === Number.MIN_SAFE_INTEGER) delete part.minimum;
      if (part.maximum === Number.MAX_SAFE_INTEGER) delete part.maximum;
    },
  });
  delete made.$schema;
  return made;
}

/** Describes a JSON answer in a route's `responses`. */
export function json(description: string, schema: z.ZodType): object {
  return { description, content: { "application/json": { schema: jsonSchema(schema, "output") } } };
}

/** Describes the query parameters of a route, with the types that they have after parsing. */
export function queryParameters(query: z.ZodType): object[] {
  const { properties = {} } = jsonSchema(query, "output");
  return Object.entries(properties).map(([name, schema]) => ({ name, in: "query", schema }));
}
