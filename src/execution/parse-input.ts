import type * as z from "zod/v4";
import { type ErrorCode, type FieldError, WarmtreeError } from "../errors.ts";
import { issueWords, MISSING } from "../issue-words.ts";
import { garbledIn } from "./garbled.ts";
import { oneReading } from "./one-reading.ts";
import { descriptionAt, fieldsAt } from "./schema-parts.ts";
import { nearestField } from "./usual-names.ts";

/** Maximum number of reported errors. More show nothing new about a caller's mistakes. */
const MAX_ERRORS = 20;

type Issue = z.core.$ZodIssue;

type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

/**
 * Checks input against a schema, and returns the parsed input. Accepts other spellings of a value that have one reading
 * (one-reading.ts).
 * @param within path of `input` inside a larger input
 * @throws invalid_input with every invalid field
 */
export function parseInput<Input extends z.ZodType>(schema: Input, input: unknown, within?: string): z.output<Input> {
  const checked = checkInput(schema, input, within);
  if (!checked.ok) throw invalidInput(checked.errors);
  return checked.value;
}

/** Checks the query of a route. Programs write it, so other spellings are refused. */
export function parseQuery<Input extends z.ZodType>(schema: Input, query: object): z.output<Input> {
  const parsed = schema.safeParse(query, { error: issueWords });
  if (parsed.success) return parsed.data;
  const errors = errorsOf(schema, query, parsed.error.issues);
  throw invalidInput(errors.map(({ path, detail }) => ({ field: path.join("."), detail })));
}

/** Does the same as parseInput, but returns the invalid fields instead of throwing. */
export function checkInput<Input extends z.ZodType>(
  schema: Input,
  input: unknown,
  within?: string,
): Checked<z.output<Input>> {
  const garbled = garbledIn(input);
  const read = oneReading(schema, input);
  const parsed = schema.safeParse(read, { error: issueWords });
  if (parsed.success && garbled.length === 0) return { ok: true, value: parsed.data };
  const errors = [
    ...garbled.map((path) => ({ path, detail: "holds half a character (a lone surrogate)" })),
    ...(parsed.success ? [] : errorsOf(schema, read, parsed.error.issues)),
  ];
  const prefix = within === undefined ? [] : [within];
  return { ok: false, errors: errors.map(({ path, detail }) => ({ field: [...prefix, ...path].join("."), detail })) };
}

interface Found {
  readonly path: readonly PropertyKey[];
  readonly detail: string;
}

function errorsOf(schema: z.ZodType, read: unknown, issues: readonly Issue[]): Found[] {
  const found = issues.flatMap((issue) => described(schema, issue));
  const unknown = issues.find((issue) => issue.code === "unrecognized_keys" && issue.path.length === 0);
  if (unknown?.code !== "unrecognized_keys" || typeof read !== "object" || read === null) return found;
  // With unknown fields, the schema does not check fields against each other.
  const known = Object.fromEntries(Object.entries(read).filter(([name]) => !unknown.keys.includes(name)));
  const again = schema.safeParse(oneReading(schema, known), { error: issueWords });
  const others = again.success ? [] : again.error.issues.flatMap((issue) => described(schema, issue));
  const isNew = ({ path, detail }: Found) =>
    !found.some((one) => one.path.join(".") === path.join(".") && one.detail === detail);
  return [...found, ...others.filter(isNew)];
}

function described(schema: z.ZodType, issue: Issue): Found[] {
  if (issue.code !== "unrecognized_keys") return [{ path: issue.path, detail: explained(schema, issue) }];
  const fields = fieldsAt(schema, issue.path);
  // Explains only the keys that can be reported, because each is compared with all fields.
  return issue.keys.map((key, at) => ({
    path: [...issue.path, key],
    detail: at < MAX_ERRORS ? unknownField(key, fields) : "",
  }));
}

function explained(schema: z.ZodType, { path, message }: Issue): string {
  const description = message === MISSING ? descriptionAt(schema, path) : undefined;
  return description === undefined ? message : `${message} (${description})`;
}

function unknownField(key: string, fields: readonly string[]): string {
  const nearest = nearestField(key, fields);
  return `is not a field here; ${nearest === undefined ? `the fields are ${fields.join(", ")}` : `write '${nearest}'`}`;
}

/** Returns the error for one or more invalid fields. */
export function invalidInput(all: readonly FieldError[], code: ErrorCode = "invalid_input"): WarmtreeError {
  const errors = all.slice(0, MAX_ERRORS);
  const more = all.length > errors.length ? ` ${all.length - errors.length} more fields are wrong.` : "";
  const sentences = errors.map(({ field, detail }) => `${field || "The input"}: ${detail}.`).join(" ");
  const [first] = errors;
  return new WarmtreeError(code, `${sentences}${more} Nothing was done.`, {
    ...(first?.field ? { field: first.field } : {}),
    ...(errors.length > 1 ? { errors } : {}),
  });
}
