import * as z from "zod/v4";
import { type Schema, typeOf } from "./schema-parts.ts";

const TRUTHS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  "1": true,
  false: false,
  no: false,
  "0": false,
};

/** Reads a text, number, true or false where a schema has another of them, if it has one reading there. */
export function scalarReading(schema: Schema, given: unknown): unknown {
  if (typeOf(schema) === "number") return numberIn(given) ?? given;
  if (typeOf(schema) === "boolean") return truthIn(given) ?? given;
  if (schema instanceof z.ZodLiteral) return schema.values.has(true) ? (truthIn(given) ?? given) : given;
  if (schema instanceof z.ZodEnum) {
    const word = typeof given === "string" ? given.trim().toLowerCase() : undefined;
    return schema.options.find((option) => String(option).toLowerCase() === word) ?? given;
  }
  return schema instanceof z.ZodString && hasPattern(schema) ? wordIn(given) : given;
}

const numberIn = (given: unknown) =>
  typeof given === "string" && /^\s*-?\d{1,15}(?:\.0+)?\s*$/.test(given) ? Number(given) : undefined;

function truthIn(given: unknown): boolean | undefined {
  if (typeof given !== "string" && typeof given !== "number") return undefined;
  const word = String(given).trim().toLowerCase();
  return Object.hasOwn(TRUTHS, word) ? TRUTHS[word] : undefined;
}

/** The patterns allow no space at the ends. */
const hasPattern = (schema: z.ZodString) => schema.format === "regex";

/** Not for texts without a pattern: the text might be 1.0, which JSON makes 1. */
function wordIn(given: unknown): unknown {
  if (typeof given === "number" && Number.isSafeInteger(given)) return String(given);
  return typeof given === "string" ? given.trim() : given;
}
