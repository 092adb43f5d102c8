import { brokenStream, readChunk } from "./body.ts";
import { E2bError } from "./error.ts";

/**
 * A message of the Connect protocol's streaming RPC: one flag byte, four bytes of length (big-endian), then that many
 * bytes of JSON. https://connectrpc.com/docs/protocol
 */
export interface Envelope {
  flags: number;
  data: Uint8Array;
}

/** Marks the last envelope of a stream; its JSON is `{}` or `{"error": {...}}`. */
export const END_STREAM_FLAG = 0x02;

const HEADER_BYTES = 5;
/** envd sends output in chunks of at most 32 KiB (44 KiB as base64); a much larger length is garbage or an attack. */
const MAX_ENVELOPE_BYTES = 4 * 1024 * 1024;
/** Buffer size: more than one message of envd. */
const CHUNK_BYTES = 64 * 1024;
/** Time for the server to close after its last envelope; after it the connection is dropped instead of reused. */
const CLOSE_GRACE_MS = 250;

/** Encodes JSON as one envelope. */
export function encodeEnvelope(json: unknown): Uint8Array<ArrayBuffer> {
  const payload = new TextEncoder().encode(JSON.stringify(json));
  const envelope = new Uint8Array(HEADER_BYTES + payload.length);
  new DataView(envelope.buffer).setUint32(1, payload.length);
  envelope.set(payload, HEADER_BYTES);
  return envelope;
}

/**
 * Parses a stream into envelopes, regardless of chunk boundaries, and stops after the envelope that ends the stream.
 * `data` may share memory with its chunk. Returning early cancels the stream.
 * @throws stream_broken when the connection is lost or ends inside an envelope, protocol for an envelope longer than
 *   `maxBytes`
 */
export async function* envelopes(
  stream: ReadableStream<Uint8Array>,
  maxBytes = MAX_ENVELOPE_BYTES,
): AsyncGenerator<Envelope, void, undefined> {
  const reader = readerOf(stream);
  const source = new ByteSource(reader);
  try {
    for (;;) {
      const header = await source.take(HEADER_BYTES);
      if (header === undefined) return;
      const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);
      const [flags, length] = [view.getUint8(0), view.getUint32(1)];
      if (length > maxBytes) throw tooLong(length, maxBytes);
      const data = await source.take(length);
      if (data === undefined) throw brokenStream("it ended inside a message");
      yield { flags, data };
      if ((flags & END_STREAM_FLAG) !== 0) {
        await closing(reader);
        return;
      }
    }
  } finally {
    // Cancelling a failed stream only reports the same failure again.
    reader.cancel().catch(() => undefined);
  }
}

type ChunkReader = Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">;

/**
 * Reads into the same memory again and again, if the stream supports it (bodies of runtimes do): new memory for each
 * chunk of a download would be garbage that is collected late. A chunk is valid until the next read.
 */
function readerOf(stream: ReadableStream<Uint8Array>): ChunkReader {
  let memory = new ArrayBuffer(CHUNK_BYTES);
  try {
    const reader = stream.getReader({ mode: "byob" });
    return {
      read: async () => {
        const { done, value } = await reader.read(new Uint8Array(memory));
        if (value === undefined || done) return { done: true, value: undefined };
        memory = value.buffer;
        return { done: false, value };
      },
      cancel: (reason) => reader.cancel(reason),
    };
  } catch {
    return stream.getReader();
  }
}

/** Waits for the end of the body: runtimes reuse a connection only if its last answer was read to the end. */
function closing(reader: ChunkReader): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, CLOSE_GRACE_MS);
    const ended = (): void => {
      clearTimeout(timer);
      resolve();
    };
    // All messages have arrived, so a lost connection loses nothing.
    reader.read().then(ended, ended);
  });
}

function tooLong(length: number, maxBytes: number): E2bError {
  const message = `A message of ${length} bytes was announced, the limit is ${maxBytes}. The call may have taken effect.`;
  return new E2bError("protocol", message, { started: true });
}

/** Reads a byte stream in pieces of exact size; copies only pieces that span chunks. */
class ByteSource {
  readonly #reader: ChunkReader;
  #chunk: Uint8Array = new Uint8Array();
  #offset = 0;
  #scratch: Uint8Array = new Uint8Array();

  constructor(reader: ChunkReader) {
    this.#reader = reader;
  }

  /**
   * Reads `count` bytes; undefined if the stream ends before them.
   * @throws stream_broken when it ends among them
   */
  async take(count: number): Promise<Uint8Array | undefined> {
    if (count > 0 && !(await this.#fill())) return undefined;
    if (this.#chunk.length - this.#offset >= count) return this.#cut(count);
    const bytes = this.#space(count);
    for (let filled = 0; filled < count;) {
      if (!(await this.#fill())) throw brokenStream("it ended inside a message");
      const part = this.#cut(Math.min(count - filled, this.#chunk.length - this.#offset));
      bytes.set(part, filled);
      filled += part.length;
    }
    return bytes;
  }

  /** Returns the same memory for every piece that spans chunks: a piece is valid until the next `take`. */
  #space(count: number): Uint8Array {
    if (this.#scratch.length < count) this.#scratch = new Uint8Array(count);
    return this.#scratch.subarray(0, count);
  }

  /** Ensures that at least one byte is available; false at the end of the stream. */
  async #fill(): Promise<boolean> {
    while (this.#offset === this.#chunk.length) {
      const chunk = await readChunk(this.#reader);
      if (chunk === undefined) return false;
      this.#chunk = chunk;
      this.#offset = 0;
    }
    return true;
  }

  #cut(count: number): Uint8Array {
    const piece = this.#chunk.subarray(this.#offset, this.#offset + count);
    this.#offset += count;
    return piece;
  }
}
