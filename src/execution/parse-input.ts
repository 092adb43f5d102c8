import type * as z from "zod/v4";
import { WarmtreeError } from "../errors.ts";

/** Path depth reported for invalid input; deeper than any accepted input. */
const MAX_PATH_DEPTH = 6;

/**
 * Checks input against a schema, and returns the parsed input.
 * @param within path of `input` inside a larger input
 * @throws invalid_input with the first invalid field
 */
export function parseInput<Input extends z.ZodType>(schema: Input, input: unknown, within?: string): z.output<Input> {
  const garbled = garbledIn(input);
  if (garbled) {
    const field = [...(within ? [within] : []), ...garbled].join(".");
    throw new WarmtreeError("invalid_input", `${field}: holds half a character (a lone surrogate). Nothing was done.`, {
      field,
    });
  }
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const field = [...(within ? [within] : []), ...(issue?.path ?? []), ...unknown].join(".");
  const detail = `${field || "The input"}: ${issue?.message ?? "is not valid"}. Nothing was done.`;
  throw new WarmtreeError("invalid_input", detail, field ? { field } : {});
}

/**
 * Returns the path of a string that UTF-8 cannot carry (a lone surrogate, which JSON can write as `"\\ud800"`); git
 * would receive other text. Undefined: none. Handles any depth of nesting.
 */
function garbledIn(input: unknown): readonly string[] | undefined {
  const left: { readonly path: readonly string[]; readonly value: unknown }[] = [{ path: [], value: input }];
  for (let next = left.pop(); next; next = left.pop()) {
    const { path, value } = next;
    if (typeof value === "string" && !value.isWellFormed()) return path;
    if (typeof value !== "object" || value === null) continue;
    for (const [name, member] of Object.entries(value)) {
      const within = path.length < MAX_PATH_DEPTH ? [...path, name.toWellFormed()] : path;
      if (!name.isWellFormed()) return within;
      left.push({ path: within, value: member });
    }
  }
  return undefined;
}
