import { TakenBytes } from "./taken-bytes.ts";

/** Size of the length prefix, which counts itself. */
const LENGTH_BYTES = 4;
const LENGTH = /^[0-9a-f]{4}$/;
/** Longest pkt-line that git reads (gitprotocol-common(5)). */
const MAX_PACKET_BYTES = 65_520;

/** The body breaks git's protocol, or is longer than any body that git sends here. */
export class PktLineError extends Error {
  override readonly name = "PktLineError";
}

type Packet = { readonly kind: "data"; readonly payload: Uint8Array } | { readonly kind: "flush" };

/**
 * Reads pkt-lines from the start of a stream, and keeps the bytes that it read. Strict, because the git host gets the
 * same bytes and must not read them differently: digits are lower case, and special packets other than flush are
 * refused.
 */
export class PktLineReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #maxBytes: number;
  readonly #taken = new TakenBytes();

  /** @param maxBytes limit of all packets together */
  constructor(stream: ReadableStream<Uint8Array>, maxBytes: number) {
    this.#reader = stream.getReader();
    this.#maxBytes = maxBytes;
  }

  /**
   * Returns the next packet; undefined if the stream ends after a whole packet.
   * @throws PktLineError
   */
  async next(): Promise<Packet | undefined> {
    if (!(await this.#has(LENGTH_BYTES))) {
      if (this.#taken.left === 0) return undefined;
      throw new PktLineError("the message ends within a length");
    }
    const head = String.fromCharCode(...this.#taken.read(LENGTH_BYTES));
    if (!LENGTH.test(head)) throw new PktLineError("a length is not four hexadecimal digits");
    const bytes = Number.parseInt(head, 16);
    if (bytes === 0) return { kind: "flush" };
    if (bytes <= LENGTH_BYTES || bytes > MAX_PACKET_BYTES) throw new PktLineError("a length is not one of a line");
    if (this.#taken.at + bytes - LENGTH_BYTES > this.#maxBytes) throw new PktLineError("there are too many lines");
    if (!(await this.#has(bytes - LENGTH_BYTES))) throw new PktLineError("the message ends within a line");
    return { kind: "data", payload: this.#taken.read(bytes - LENGTH_BYTES) };
  }

  /** Returns all bytes that were read from the stream, and releases the rest of the stream. */
  release(): readonly Uint8Array[] {
    this.#reader.releaseLock();
    return this.#taken.chunks;
  }

  async #has(bytes: number): Promise<boolean> {
    while (this.#taken.left < bytes) {
      const { done, value } = await this.#reader.read();
      if (done) return false;
      this.#taken.add(value);
    }
    return true;
  }
}
