/** Smaller chunks are merged: a client that sends single bytes must not create a million objects per megabyte. */
const BLOCK_BYTES = 4096;

/** The start of a stream: every byte is kept, and read once, in order. */
export class TakenBytes {
  readonly #chunks: Uint8Array[] = [];
  /** Block for small chunks. While it has space, the last chunk is its filled part. */
  #block = new Uint8Array(0);
  #filled = BLOCK_BYTES;
  #bytes = 0;
  #at = 0;
  /** Index of the chunk that is being read, and the position where it starts. */
  #chunk = 0;
  #chunkAt = 0;

  /** Position of the next byte. */
  get at(): number {
    return this.#at;
  }

  /** Number of bytes that are not read yet. */
  get left(): number {
    return this.#bytes - this.#at;
  }

  get chunks(): readonly Uint8Array[] {
    return this.#chunks;
  }

  add(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.#bytes += chunk.byteLength;
    if (chunk.byteLength >= BLOCK_BYTES) {
      this.#filled = BLOCK_BYTES;
      this.#chunks.push(chunk);
      return;
    }
    if (this.#filled + chunk.byteLength <= BLOCK_BYTES) this.#chunks.pop();
    else {
      this.#block = new Uint8Array(BLOCK_BYTES);
      this.#filled = 0;
    }
    this.#block.set(chunk, this.#filled);
    this.#filled += chunk.byteLength;
    this.#chunks.push(this.#block.subarray(0, this.#filled));
  }

  /** Reads bytes that have arrived: at most `left`. */
  read(bytes: number): Uint8Array {
    const out = new Uint8Array(Math.min(bytes, this.left));
    for (let filled = 0; filled < out.byteLength;) {
      const chunk = this.#chunks[this.#chunk] ?? out.subarray(0, 0);
      const part = chunk.subarray(this.#at - this.#chunkAt).subarray(0, out.byteLength - filled);
      out.set(part, filled);
      filled += part.byteLength;
      this.#at += part.byteLength;
      // Moves on only when the chunk is used up: the last chunk may still grow.
      if (part.byteLength === 0) {
        this.#chunkAt += chunk.byteLength;
        this.#chunk += 1;
      }
    }
    return out;
  }
}
