import { E2bError } from "./error.ts";

/**
 * Decodes base64.
 * @throws protocol if `text` is not base64
 */
export function decodeBase64(text: string): Uint8Array {
  try {
    const type: object = Uint8Array;
    if (hasFromBase64(type)) return type.fromBase64(text);
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
    return bytes;
  } catch {
    throw new E2bError("protocol", "The sandbox sent process output that is not base64. The process may be running.", {
      started: true,
    });
  }
}

/** Whether the runtime has `fromBase64` (ES2026), which is many times faster: workerd has it, Node 24 not yet. */
function hasFromBase64(type: object): type is { fromBase64(text: string): Uint8Array } {
  return "fromBase64" in type;
}

/** Collects bytes up to a cap; sets `truncated` when it drops the rest. */
export class CappedBytes {
  readonly #maxBytes: number;
  #buffer = new Uint8Array(4096);
  #length = 0;
  truncated = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  append(base64: string): void {
    if (this.truncated) return; // Not decoded either: output past the cap costs as little as possible.
    this.appendBytes(decodeBase64(base64));
  }

  appendBytes(bytes: Uint8Array): void {
    const kept = bytes.subarray(0, this.#maxBytes - this.#length);
    this.truncated ||= kept.length < bytes.length;
    this.#reserve(this.#length + kept.length);
    this.#buffer.set(kept, this.#length);
    this.#length += kept.length;
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Doubles the buffer, so that single-byte writes cost neither quadratic copying nor an object per byte. */
  #reserve(length: number): void {
    if (length <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(length, Math.min(this.#buffer.length * 2, this.#maxBytes)));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}

/** Keeps the last `maxChars` characters of a text that arrives in pieces: the end of stderr states the reason. */
export class TextTail {
  readonly #maxChars: number;
  #text = "";

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  append(text: string): void {
    this.#text += text;
    // Cut at twice the size, so that copying stays proportional to the input.
    if (this.#text.length > 2 * this.#maxChars) this.#text = this.#text.slice(-this.#maxChars);
  }

  text(): string {
    return this.#text.slice(-this.#maxChars).toWellFormed();
  }
}
