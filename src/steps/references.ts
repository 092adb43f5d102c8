import * as z from "zod/v4";
import type { FieldError } from "../errors.ts";

/** A place in a step's input to fill with a member of an earlier step's result. */
export interface Reference {
  /** Path of the place, such as `files.0.content`. */
  readonly field: readonly string[];
  /** Index of the earlier step. */
  readonly step: number;
  readonly member: readonly string[];
}

/** A step that later steps may refer to. */
export interface Referred {
  readonly op: string;
  /** Schema of the result; undefined: unknown, so every member is accepted. */
  readonly answers: z.ZodType | undefined;
}

/** A text that is only `$2.head` or `$clone.sandbox_id`. More leading `$` are an escape: the text with one `$` less. */
const REFERENCE = /^\$(?<escape>\$*)(?<step>[1-9]\d*|[a-z_]+)\.(?<member>[a-z_]\w*(?:\.\w+)*)$/;

/** Whether a text has the form of a reference or of an escaped reference. */
export const looksLikeReference = (text: string): boolean => REFERENCE.test(text);

/**
 * Finds the references in the input of a step, and checks that each names an earlier step whose result has that member.
 * @param within path of the input, for errors
 */
export function referencesIn(
  input: unknown,
  steps: readonly Referred[],
  isOperation: (name: string) => boolean,
  within: string,
): { readonly references: readonly Reference[]; readonly errors: readonly FieldError[] } {
  const references: Reference[] = [];
  const errors: FieldError[] = [];
  for (const { field, text } of textsIn(input, [])) {
    const { escape, step: name = "", member = "" } = REFERENCE.exec(text)?.groups ?? {};
    // If no operation has that name, it is a plain text.
    if (escape !== "" || (!/^\d/.test(name) && !isOperation(name))) continue;
    const step = earlier(name, steps);
    const path = member.split(".");
    if (typeof step === "string") errors.push({ field: [within, ...field].join("."), detail: step });
    else if (!answersMember(steps[step]?.answers, path)) {
      const detail = `${steps[step]?.op ?? name} answers no '${member}'`;
      errors.push({ field: [within, ...field].join("."), detail });
    } else references.push({ field, step, member: path });
  }
  return { references, errors };
}

/** Returns the index of the named earlier step, or the reason why it is not found. */
function earlier(name: string, steps: readonly Referred[]): number | string {
  if (/^\d/.test(name)) return Number(name) <= steps.length ? Number(name) - 1 : `step ${name} is not before this one`;
  const named = steps.flatMap(({ op }, at) => (op === name ? [at] : []));
  const [only, ...others] = named;
  if (only === undefined) return `no step before this one is '${name}'`;
  return others.length === 0 ? only : `several steps before this one are '${name}': use a number, as in $${only + 1}`;
}

/**
 * Returns the input with the references replaced by results, and the escapes removed.
 * @throws MissingAnswer if a step's result lacks the member
 */
export function filled(input: object, references: readonly Reference[], answerOf: (step: number) => unknown): object {
  const found = new Map(references.map((one) => [one.field.join("."), one]));
  const fill = (value: unknown, field: readonly string[]): unknown => {
    if (typeof value === "string") {
      const reference = found.get(field.join("."));
      if (reference) return memberOf(answerOf(reference.step), reference);
      return REFERENCE.exec(value)?.groups?.["escape"] ? value.slice(1) : value;
    }
    if (Array.isArray(value)) return value.map((item, at) => fill(item, [...field, String(at)]));
    return isObject(value) ? mapped(value, (item, name) => fill(item, [...field, name])) : value;
  };
  return mapped(input, (item, name) => fill(item, [name]));
}

/** Thrown if a step's result lacks a member that another step refers to; some members are optional. */
export class MissingAnswer extends Error {
  readonly reference: Reference;

  constructor(reference: Reference) {
    super(`Step ${reference.step + 1} did not answer '${reference.member.join(".")}'.`);
    this.reference = reference;
  }
}

function memberOf(answer: unknown, reference: Reference): unknown {
  let value = answer;
  for (const name of reference.member) value = Object(value)[name];
  if (value === undefined || value === null) throw new MissingAnswer(reference);
  return value;
}

function answersMember(schema: z.ZodType | undefined, [name, ...rest]: readonly string[]): boolean {
  if (schema === undefined || name === undefined) return true;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    const inner = schema.unwrap();
    return answersMember(inner instanceof z.ZodType ? inner : undefined, [name, ...rest]);
  }
  if (schema instanceof z.ZodObject) {
    const inner: unknown = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
    return inner instanceof z.ZodType && answersMember(inner, rest);
  }
  if (schema instanceof z.ZodArray) {
    const { element } = schema;
    return /^\d+$/.test(name) && answersMember(element instanceof z.ZodType ? element : undefined, rest);
  }
  return !(schema instanceof z.ZodString || schema instanceof z.ZodBoolean || schema instanceof z.ZodNumber);
}

function* textsIn(value: unknown, field: readonly string[]): Generator<{ field: readonly string[]; text: string }> {
  if (typeof value === "string") yield { field, text: value };
  else if (Array.isArray(value)) for (const [at, item] of value.entries()) yield* textsIn(item, [...field, String(at)]);
  else if (isObject(value)) for (const [name, item] of Object.entries(value)) yield* textsIn(item, [...field, name]);
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Maps the own members of an object. A member named `__proto__` stays a plain member. */
const mapped = (value: object, of: (item: unknown, name: string) => unknown): object =>
  Object.fromEntries(Object.entries(value).map(([name, item]) => [name, of(item, name)]));
