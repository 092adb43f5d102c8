// oxlint-disable no-control-regex -- control characters are what these patterns are for

/**
 * Terminal control sequences (ECMA-48) as a whole: those with parameters (CSI), those with a text up to their end (OSC,
 * DCS, SOS, PM, APC), which must be on the same line, and the short ones.
 */
const SEQUENCES =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]/g;

/** C0 but tab and line feed, DEL, C1; then characters that turn the order of a line, or are not seen. */
const UNSEEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f]|[\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;

/** A credential as HTTP sends it (RFC 7617, RFC 6750). */
const AUTHORIZATION = /\b(Basic|Bearer) +[\w.~+/=-]+/gi;

/**
 * A text that somebody else may have had a part in, fit to be told in our words: nothing in it steers a terminal, turns the
 * order of a line, hides, or has the shape of a credential.
 */
export function plainText(text: string): string {
  return withoutAuthorization(text.replaceAll(SEQUENCES, "").replaceAll(UNSEEN, ""));
}

/** The text without values of Authorization headers. */
export function withoutAuthorization(text: string): string {
  return text.replaceAll(AUTHORIZATION, "$1 [redacted]");
}
