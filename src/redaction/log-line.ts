import { withoutAuthorization } from "./plain-text.ts";
import { Redactor } from "./redactor.ts";

/** Knows the secrets of the settings of this isolate. */
let ofSettings = new Redactor([]);

/** Keeps the secrets of this isolate's settings out of the events that are logged from now on. */
export function keepOutOfEvents(secrets: readonly string[]): void {
  ofSettings = new Redactor(secrets);
}

/** Logs something that happened without a request to blame: one line of JSON, without secrets of the settings. */
export function logEvent(level: "log" | "warn" | "error", event: Readonly<Record<string, unknown>>): void {
  writeLine(level, event, ofSettings);
}

/** Writes one line of JSON without the secrets that the redactor knows, and without anything in the form of one. */
export function writeLine(level: "log" | "warn" | "error", line: object, redactor: Redactor): void {
  const text = JSON.stringify(line);
  // What has the form of a credential ends before a quotation mark or a backslash, so the text stays JSON.
  console[level](withoutAuthorization(redactor.mayHold(text) ? redactor.cleanJson(text) : text));
}
