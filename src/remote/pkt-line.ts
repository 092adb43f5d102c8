/** A length comes first, and counts itself. */
const LENGTH_BYTES = 4;
const LENGTH = /^[0-9a-f]{4}$/;

/** Between sections of a message, and at its end. */
export const DELIMITER = "0001";
export const FLUSH = "0000";

/** A line as a pkt-line: its length in four hexadecimal digits, then itself. Source: gitprotocol-common(5). */
export function pktLine(line: string): string {
  const bytes = LENGTH_BYTES + new TextEncoder().encode(line).byteLength;
  return bytes.toString(16).padStart(LENGTH_BYTES, "0") + line;
}

/** The lines of a message up to its flush, without their line feeds; undefined where it is no such message. */
export function linesOf(message: Uint8Array): string[] | undefined {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const lines: string[] = [];
  for (let at = 0; ;) {
    const head = String.fromCharCode(...message.subarray(at, at + LENGTH_BYTES));
    if (head === FLUSH) return lines;
    const bytes = LENGTH.test(head) ? Number.parseInt(head, 16) : 0;
    if (bytes < LENGTH_BYTES || at + bytes > message.byteLength) return undefined;
    try {
      lines.push(decoder.decode(message.subarray(at + LENGTH_BYTES, at + bytes)).replace(/\n$/, ""));
    } catch {
      return undefined;
    }
    at += bytes;
  }
}
