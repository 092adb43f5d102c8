import { joined } from "./bytes.ts";

/** Size of the length prefix, which counts itself. */
const LENGTH_BYTES = 4;
const LENGTH = /^[0-9a-f]{4}$/;

/** Special pkt-lines: between sections of a message, and at its end. */
export const DELIMITER = "0001";
export const FLUSH = "0000";

/** Encodes a line as a pkt-line: its length in four hexadecimal digits, then the line (gitprotocol-common(5)). */
export function pktLine(line: string): string {
  const bytes = LENGTH_BYTES + new TextEncoder().encode(line).byteLength;
  return bytes.toString(16).padStart(LENGTH_BYTES, "0") + line;
}

/**
 * Yields the payloads of a message's pkt-lines up to its flush, regardless of chunk boundaries. Throws if the message
 * is malformed. Reads to the end, because an unread connection cannot be reused.
 */
export async function* payloads(message: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let rest: Uint8Array = new Uint8Array();
  let isOver = false;
  for await (const chunk of message) {
    if (isOver) continue;
    rest = rest.byteLength === 0 ? chunk : joined([rest, chunk]);
    while (rest.byteLength >= LENGTH_BYTES && !isOver) {
      const head = String.fromCharCode(...rest.subarray(0, LENGTH_BYTES));
      isOver = head === FLUSH;
      const bytes = isOver ? LENGTH_BYTES : lengthOf(head);
      if (rest.byteLength < bytes) break;
      if (!isOver) yield rest.subarray(LENGTH_BYTES, bytes);
      rest = rest.subarray(bytes);
    }
  }
  if (!isOver) throw new Error("a message ended before its flush");
}

function lengthOf(head: string): number {
  const bytes = LENGTH.test(head) ? Number.parseInt(head, 16) : 0;
  if (bytes < LENGTH_BYTES) throw new Error("a pkt-line's length is none");
  return bytes;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes a payload as a line, without its line feed. Throws if it is not UTF-8. */
export function lineOf(payload: Uint8Array): string {
  return utf8.decode(payload).replace(/\n$/, "");
}
