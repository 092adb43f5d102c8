import { withoutAuthorization } from "./plain-text.ts";
import { Redactor } from "./redactor.ts";

/** Redactor of the secrets in this isolate's settings. */
let ofSettings = new Redactor([]);

/** Sets the secrets to redact in logged events. */
export function keepOutOfEvents(secrets: readonly string[]): void {
  ofSettings = new Redactor(secrets);
}

/** Logs an event that belongs to no request: one line of JSON, without secrets of the settings. */
export function logEvent(level: "log" | "warn" | "error", event: Readonly<Record<string, unknown>>): void {
  writeLine(level, event, ofSettings);
}

/** Writes one line of JSON, without secrets known to the redactor, and without texts in the form of credentials. */
export function writeLine(level: "log" | "warn" | "error", line: object, redactor: Redactor): void {
  const text = JSON.stringify(line);
  // The pattern of a credential matches no quotation mark or backslash, so the text stays JSON.
  console[level](withoutAuthorization(redactor.mayHold(text) ? redactor.cleanJson(text) : text));
}
