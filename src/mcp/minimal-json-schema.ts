import * as z from "zod/v4";

/** As much of JSON Schema as every model's provider takes, and no more. */
export interface LeanSchema {
  type: string;
  properties?: Record<string, LeanSchema>;
  items?: LeanSchema;
  required?: string[];
}

type Part = z.core.JSONSchema.JSONSchema;

/**
 * What a model must know of an input to call it: names, types, what is required. Limits and patterns stay with the zod
 * schema, which checks every call and says what is wrong. `unlisted` members are taken all the same.
 */
export function leanSchema(schema: z.ZodType, unlisted: ReadonlySet<string>): LeanSchema {
  return lean(z.toJSONSchema(schema, { io: "input", target: "draft-2020-12" }), unlisted);
}

function lean(part: Part, unlisted: ReadonlySet<string>): LeanSchema {
  if (part.type === "array") return { type: "array", items: lean(schemaOf(part.items), unlisted) };
  if (part.type === "object") {
    const listed = Object.entries(part.properties ?? {}).filter(([name]) => !unlisted.has(name));
    const required = (part.required ?? []).filter((name) => !unlisted.has(name));
    return {
      type: "object",
      properties: Object.fromEntries(listed.map(([name, value]) => [name, lean(schemaOf(value), unlisted)])),
      ...(required.length > 0 ? { required } : {}),
    };
  }
  if (typeof part.type !== "string") throw new TypeError("An input that is a union of types has no lean schema.");
  return { type: part.type };
}

/** Tuples, and the schemas `true` and `false`, say nothing that a provider would take. */
function schemaOf(part: Part["items"]): Part {
  if (typeof part !== "object" || Array.isArray(part)) throw new TypeError("Not one JSON Schema.");
  return part;
}
