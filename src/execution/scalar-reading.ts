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

/** Converts a text, number or boolean to the type of a schema, if it has one reading there. */
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

/** Whether a text has a pattern. No pattern allows spaces at the ends. */
const hasPattern = (schema: z.ZodString) => schema.format === "regex";

/** Reads a word. Only for texts with a pattern: another text might be 1.0, which JSON makes 1. */
function wordIn(given: unknown): unknown {
  if (typeof given === "number" && Number.isSafeInteger(given)) return String(given);
  return typeof given === "string" ? given.trim() : given;
}
