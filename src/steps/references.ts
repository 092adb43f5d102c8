import * as z from "zod/v4";
import type { FieldError } from "../errors.ts";

/** A place in a step's input that takes a member of an earlier step's answer. */
export interface Reference {
  /** Where it stands, as in `files.0.content`. */
  readonly field: readonly string[];
  /** Index of the earlier step. */
  readonly step: number;
  readonly member: readonly string[];
}

/** A step as references see it. */
export interface Referred {
  readonly op: string;
  /** Undefined: unknown, so no member is refused. */
  readonly answers: z.ZodType | undefined;
}

/** `$2.head` or `$clone.sandbox_id`, and nothing else in the text; with more `$` before, it is a text with one `$` less. */
const REFERENCE = /^\$(?<escape>\$*)(?<step>[1-9]\d*|[a-z_]+)\.(?<member>[a-z_]\w*(?:\.\w+)*)$/;

/** Whether a text has the form of a reference, or of an escaped one. */
export const looksLikeReference = (text: string): boolean => REFERENCE.test(text);

/**
 * Finds the references in the input of a step, and checks that each is to an earlier step that answers such a member.
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
    // Without an operation of that name, it is a text like any other.
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

/** Returns the index of an earlier step, or the reason why there is no such step. */
function earlier(name: string, steps: readonly Referred[]): number | string {
  if (/^\d/.test(name)) return Number(name) <= steps.length ? Number(name) - 1 : `step ${name} is not before this one`;
  const named = steps.flatMap(({ op }, at) => (op === name ? [at] : []));
  const [only, ...others] = named;
  if (only === undefined) return `no step before this one is '${name}'`;
  return others.length === 0 ? only : `several steps before this one are '${name}': use a number, as in $${only + 1}`;
}

/**
 * Returns the input with the answers in place of the references, and without the escapes.
 * @throws MissingAnswer if a step did not answer the member
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

/** A step did not answer a member that another step refers to; some members are optional. */
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

/** Own members only; `__proto__` stays a name. */
const mapped = (value: object, of: (item: unknown, name: string) => unknown): object =>
  Object.fromEntries(Object.entries(value).map(([name, item]) => [name, of(item, name)]));
