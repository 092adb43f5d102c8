import type { Redactor } from "./redactor.ts";

// oxlint-disable no-control-regex -- control characters are what these patterns are for

/**
 * Terminal control sequences (ECMA-48): those with parameters (CSI); those with text up to a terminator on the same
 * line (OSC, DCS, SOS, PM, APC); and the short ones.
 */
const SEQUENCES =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]/g;

/** C0 except tab and line feed, DEL and C1; then characters that are invisible or change the direction of text. */
const UNSEEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f]|[\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;

/** A credential in an HTTP header (RFC 7617, RFC 6750), even if a part of it is already redacted. */
const AUTHORIZATION = /\b(Basic|Bearer) +(?:[\w.~+/=-]|\[redacted\])+/gi;

/**
 * Cleans a text from another party for use in our messages. Removes terminal control, invisible and direction-changing
 * characters, then the secrets known to the redactor, then texts in the form of credentials. The order matters: a
 * control sequence may split a secret, and if only the beginning of a secret has the form, the rest would stay.
 */
export function plainText(text: string, redactor?: Redactor): string {
  const seen = text.replaceAll(SEQUENCES, "").replaceAll(UNSEEN, "");
  return withoutAuthorization(redactor?.clean(seen) ?? seen);
}

/** Redacts the values of Authorization headers. */
export function withoutAuthorization(text: string): string {
  return text.replaceAll(AUTHORIZATION, "$1 [redacted]");
}

/**
 * Shortens a text to whole words. A secret is a word or a part of a word; the redactor would not find the beginning of
 * a cut secret.
 */
export function cutAtWord(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  return text.slice(0, Math.max(0, text.slice(0, maxCharacters + 1).search(/\s\S*$/))).trimEnd();
}
