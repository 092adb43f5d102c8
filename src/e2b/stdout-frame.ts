/** Start of a message that holds stdout alone; protobuf's JSON may have spaces. */
const START = /^\{\s*"event"\s*:\s*\{\s*"data"\s*:\s*\{\s*"stdout"\s*:\s*"/;
const END = /"\s*\}\s*\}\s*\}\s*$/;
/** More than the start or the end of this message has. */
const END_BYTES = 64;

const ascii = new TextDecoder("latin1");

/** Value of each base64 digit, by its code; above 63 for other characters. */
const DIGITS = new Uint8Array(256).fill(255);
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
for (let value = 0; value < ALPHABET.length; value++) DIGITS[ALPHABET.charCodeAt(value)] = value;
/** The base64 digit for 0, which replaces padding. */
const ZERO = 0x41;
const PAD = 0x3d;

/**
 * Decodes a message of envd that holds stdout alone, without a string: a download has thousands of messages, and their
 * strings would be garbage of several times its size. Undefined for other messages and unusual forms.
 */
export function stdoutOf(message: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const start = START.exec(ascii.decode(message.subarray(0, END_BYTES)))?.[0].length;
  const tail = ascii.decode(message.subarray(-END_BYTES));
  const end = END.exec(tail)?.[0].length;
  if (start === undefined || end === undefined) return undefined;
  return fromBase64(message.subarray(start, message.byteLength - end));
}

/** Decodes base64; undefined if the digits or the padding are invalid. */
function fromBase64(digits: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const { length } = digits;
  if (length === 0 || length % 4 !== 0) return undefined;
  const padding = digits[length - 1] !== PAD ? 0 : digits[length - 2] !== PAD ? 1 : 2;
  const bytes = new Uint8Array((length / 4) * 3 - padding);
  const whole = length - 4;
  const wrong = decode(digits, whole, bytes, 0);
  const last = digits.slice(whole).fill(ZERO, 4 - padding);
  return (wrong | decode(last, 4, bytes, (whole / 4) * 3)) > 63 ? undefined : bytes;
}

/** Writes three bytes for every four digits; past the end of `bytes`, nothing. Returns 64 or more for a wrong digit. */
function decode(digits: Uint8Array, length: number, bytes: Uint8Array, from: number): number {
  let wrong = 0;
  for (let at = 0, out = from; at < length; at += 4, out += 3) {
    const first = DIGITS[digits[at] ?? 0] ?? 0;
    const second = DIGITS[digits[at + 1] ?? 0] ?? 0;
    const third = DIGITS[digits[at + 2] ?? 0] ?? 0;
    const fourth = DIGITS[digits[at + 3] ?? 0] ?? 0;
    wrong |= first | second | third | fourth;
    bytes[out] = (first << 2) | (second >> 4);
    bytes[out + 1] = (second << 4) | (third >> 2);
    bytes[out + 2] = (third << 6) | fourth;
  }
  return wrong;
}
