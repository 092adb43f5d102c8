import type { KeptResult } from "../durable/runs/types.ts";
import type { Redactor } from "../redaction/redactor.ts";

/** Limit of a result: fifty of them fit in a message from the object to the Worker (32 MiB, two bytes a character). */
const MAX_LENGTH = 250_000;
/** Limit of a member in a cut result: ids, names and counts, which other steps may refer to, are shorter. */
const MAX_MEMBER_LENGTH = 1_000;

/** Returns JSON without secrets. */
export function cleanJson(value: object, redactor: Redactor): string {
  const text = JSON.stringify(value);
  return redactor.mayHold(text) ? redactor.cleanJson(text) : text;
}

/** Returns an operation's result as a run stores it: without secrets, and with only its short members if too large. */
export function keptResult(result: object, redactor: Redactor): KeptResult {
  const text = cleanJson(result, redactor);
  if (text.length <= MAX_LENGTH) return { result: text };
  const isShort = (value: unknown) => (JSON.stringify(value) ?? "").length <= MAX_MEMBER_LENGTH;
  const short = Object.entries(result).filter(([, value]) => isShort(value));
  return { result: cleanJson(Object.fromEntries(short), redactor), isCut: true };
}
