import * as z from "zod/v4";

/** The subset of JSON Schema that every model provider accepts. */
export interface MinimalSchema {
  type: string;
  properties?: Record<string, MinimalSchema>;
  items?: MinimalSchema;
  required?: string[];
}

type Part = z.core.JSONSchema.JSONSchema;

/**
 * Reduces an input schema to the information that a call needs: names, types, required members. The zod schema still
 * checks limits and patterns on every call. `unlisted` members are omitted, but accepted.
 */
export function minimalSchema(schema: z.ZodType, unlisted: ReadonlySet<string>): MinimalSchema {
  return minimal(z.toJSONSchema(schema, { io: "input", target: "draft-2020-12" }), unlisted);
}

function minimal(part: Part, unlisted: ReadonlySet<string>): MinimalSchema {
  if (part.type === "array") return { type: "array", items: minimal(schemaOf(part.items), unlisted) };
  if (part.type === "object") {
    const listed = Object.entries(part.properties ?? {}).filter(([name]) => !unlisted.has(name));
    const required = (part.required ?? []).filter((name) => !unlisted.has(name));
    return {
      type: "object",
      properties: Object.fromEntries(listed.map(([name, value]) => [name, minimal(schemaOf(value), unlisted)])),
      ...(required.length > 0 ? { required } : {}),
    };
  }
  if (typeof part.type !== "string") throw new TypeError("An input that is a union of types has no minimal schema.");
  return { type: part.type };
}

/** Tuples and boolean schemas have no equivalent that a provider accepts. */
function schemaOf(part: Part["items"]): Part {
  if (typeof part !== "object" || Array.isArray(part)) throw new TypeError("Not one JSON Schema.");
  return part;
}
