const NUL = 0;
const NEWLINE = 10;
/** A byte order mark is part of the text. */
const utf8 = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
/** One byte becomes one character, so an index into the text is an index into the bytes. */
const bytewise = new TextDecoder("latin1");

/**
 * Splits a script's stdout at its marks (`\0<nonce>:<number>\n`, scripts/lib/section.sh). Output before the first mark
 * is dropped; of a number that is printed twice, the last section counts.
 */
export function splitSections(stdout: Uint8Array, nonce: string): Map<number, Uint8Array> {
  const text = bytewise.decode(stdout);
  const mark = `\0${nonce}:`;
  const sections = new Map<number, Uint8Array>();
  let at = text.indexOf(mark);
  while (at !== -1) {
    const numberEnd = text.indexOf("\n", at);
    if (numberEnd === -1) break;
    const next = text.indexOf(mark, numberEnd);
    const number = Number(text.slice(at + mark.length, numberEnd));
    if (Number.isInteger(number)) sections.set(number, stdout.subarray(numberEnd + 1, next === -1 ? undefined : next));
    at = next;
  }
  return sections;
}

/** Text of a section. Bytes that are not UTF-8 become U+FFFD, because JSON cannot carry them. */
export function sectionText(sections: ReadonlyMap<number, Uint8Array>, number: number): string {
  const bytes = sections.get(number);
  return bytes ? textOf(bytes) : "";
}

/** NUL-terminated records of a section, without a last record that was cut (no NUL at the end). */
export function sectionRecords(sections: ReadonlyMap<number, Uint8Array>, number: number): string[] {
  const bytes = sections.get(number);
  if (!bytes) return [];
  const end = bytes.lastIndexOf(NUL);
  return end === -1 ? [] : textOf(bytes.subarray(0, end)).split("\0");
}

/**
 * End of a page of text: at most `maxBytes`, at a line end if there is one, otherwise (a very long line) between two
 * characters, so that pages join without loss.
 */
export function pageEnd(bytes: Uint8Array, maxBytes: number): number {
  if (bytes.length <= maxBytes) return bytes.length;
  const lineEnd = bytes.lastIndexOf(NEWLINE, maxBytes - 1);
  if (lineEnd !== -1) return lineEnd + 1;
  let end = maxBytes;
  while (end > 0 && isContinuation(bytes[end])) end--;
  return maxBytes - end < MAX_UTF8_BYTES && end > 0 ? end : maxBytes;
}

const MAX_UTF8_BYTES = 4;
const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

/** Text of some bytes of a section, as in sectionText. */
export const textOf = (bytes: Uint8Array): string => utf8.decode(bytes);
