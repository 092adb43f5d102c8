const NUL = 0;
const NEWLINE = 10;
/** A byte order mark is part of the text it begins. */
const utf8 = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
/** One byte is one character, so an index into the text is an index into the bytes. */
const bytewise = new TextDecoder("latin1");

/**
 * Cuts a script's stdout at its marks (`\0<nonce>:<number>\n`, see SECTION in shell.ts). Output before the first mark
 * belongs to no section and is dropped; a number printed twice keeps the last.
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

/** Text of a section; bytes that are not UTF-8 become U+FFFD, as JSON has no other way to carry them. */
export function sectionText(sections: ReadonlyMap<number, Uint8Array>, number: number): string {
  const bytes = sections.get(number);
  return bytes ? textOf(bytes) : "";
}

/** NUL-terminated records of a section. A record that was cut short (no NUL at the end) is left out. */
export function sectionRecords(sections: ReadonlyMap<number, Uint8Array>, number: number): string[] {
  const bytes = sections.get(number);
  if (!bytes) return [];
  const end = bytes.lastIndexOf(NUL);
  return end === -1 ? [] : textOf(bytes.subarray(0, end)).split("\0");
}

/**
 * Where a page of text ends: after `maxBytes` at most, at the end of a line where there is one, else (a very long line)
 * between two characters, so that pages join without a seam.
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

/** Text of some bytes of a section, as sectionText gives it. */
export const textOf = (bytes: Uint8Array): string => utf8.decode(bytes);
