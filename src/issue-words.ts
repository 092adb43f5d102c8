import type * as z from "zod/v4";

export const MISSING = "is missing";

type Issue = z.core.$ZodRawIssue;

/** Names of types in messages, by zod's type name. */
const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number, such as 10",
  boolean: "true or false",
  array: 'a list, such as ["a"]',
  object: "an object",
  record: 'an object, such as {"a": "b"}',
};

const FORMATS: Readonly<Record<string, string>> = {
  base64: "base64",
  url: "an address, such as https://example.com",
  date: "a day, such as 2026-01-31",
  datetime: "a time, such as 2026-01-31T12:00:00Z",
};

/**
 * Describes an issue of zod in plain words, as the end of a sentence that begins with the field. Never quotes the
 * value, which may be a secret. Pass it to `safeParse` as `error`; it applies to issues without their own message.
 */
export function issueWords(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return typeWords(issue.input, KINDS[issue.expected] ?? issue.expected);
    case "invalid_value":
      return valueWords(issue.values);
    case "too_small":
      return boundWords(issue.origin, Number(issue.minimum), "under");
    case "too_big":
      return boundWords(issue.origin, Number(issue.maximum), "over");
    case "invalid_format":
      return `is not ${FORMATS[issue.format] ?? "in the right form"}`;
    case "invalid_key":
      return `has a member whose name ${issue.issues[0]?.message ?? "is not valid"}`;
    case "unrecognized_keys":
      return `has unknown fields: ${issue.keys.join(", ")}`;
    case "not_multiple_of":
      return `is not a multiple of ${issue.divisor}`;
    case "invalid_element":
    case "invalid_union":
    case "custom":
      return "is not valid";
  }
}

function typeWords(input: unknown, expected: string): string {
  if (input === undefined) return MISSING;
  return Number.isNaN(input) ? `is not ${expected}` : `is ${kindOf(input)}, not ${expected}`;
}

function valueWords(values: readonly z.core.util.Primitive[]): string {
  if (values.length === 1) return `can only be ${String(values[0])}; otherwise omit it`;
  return `is none of ${values.map((value) => `'${String(value)}'`).join(", ")}`;
}

function boundWords(origin: string, bound: number, side: "under" | "over"): string {
  const isOver = side === "over";
  if (origin === "string") {
    return isOver ? `has over ${bound} characters` : bound === 1 ? "is empty" : `has under ${bound} characters`;
  }
  if (origin === "array") {
    return isOver ? `has over ${bound} entries` : bound === 1 ? "is an empty list" : `has under ${bound} entries`;
  }
  return isOver ? `is over ${bound}, the largest that is taken` : `is under ${bound}, the smallest that is taken`;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "boolean") return String(value);
  return typeof value === "string" ? "a text" : typeof value === "number" ? "a number" : "an object";
}
