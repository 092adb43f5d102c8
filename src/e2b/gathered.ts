import { joined } from "../bytes.ts";

/**
 * What comes in while a piece is worked on becomes the next piece: few large ones where the work is slow, and no waiting
 * where it is fast. Reads no further ahead than some `maxBytes`. A failure of the input comes after what was read before
 * it; leaving early ends the input.
 */
export async function* gathered(input: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  const backlog = new Backlog(maxBytes);
  const reading = backlog.read(input);
  // Thrown below, when its turn comes.
  reading.catch(() => undefined);
  try {
    for (let piece = await backlog.take(); piece !== undefined; piece = await backlog.take()) yield piece;
    await reading;
  } finally {
    backlog.leave();
  }
}

class Backlog {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #hasEnded = false;
  #isLeft = false;
  #change = Promise.withResolvers<void>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  async read(input: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const part of input) {
        this.#parts.push(part);
        this.#bytes += part.byteLength;
        this.#changed();
        while (this.#bytes >= this.#maxBytes && !this.#isLeft) await this.#change.promise;
        if (this.#isLeft) return;
      }
    } finally {
      this.#hasEnded = true;
      this.#changed();
    }
  }

  /** Everything that has come; undefined at the end. */
  async take(): Promise<Uint8Array | undefined> {
    while (this.#bytes === 0 && !this.#hasEnded) await this.#change.promise;
    if (this.#bytes === 0) return undefined;
    const piece = joined(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    this.#changed();
    return piece;
  }

  leave(): void {
    this.#isLeft = true;
    this.#changed();
  }

  #changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
