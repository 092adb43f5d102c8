import type { KeptResult } from "../durable/runs/types.ts";
import type { Redactor } from "../redaction/redactor.ts";

/** Fifty of them cross from the object to the Worker in one message, of at most 32 MiB at two bytes a character. */
const MAX_LENGTH = 250_000;
/** Ids, names and counts, which other steps may refer to, are shorter. */
const MAX_MEMBER_LENGTH = 1_000;

/** JSON without secrets. */
export function cleanJson(value: object, redactor: Redactor): string {
  const text = JSON.stringify(value);
  return redactor.mayHold(text) ? redactor.cleanJson(text) : text;
}

/** An operation's answer as a run keeps it: without secrets, and only the short members if it is too large. */
export function keptResult(result: object, redactor: Redactor): KeptResult {
  const text = cleanJson(result, redactor);
  if (text.length <= MAX_LENGTH) return { result: text };
  const isShort = (value: unknown) => (JSON.stringify(value) ?? "").length <= MAX_MEMBER_LENGTH;
  const short = Object.entries(result).filter(([, value]) => isShort(value));
  return { result: cleanJson(Object.fromEntries(short), redactor), isCut: true };
}
