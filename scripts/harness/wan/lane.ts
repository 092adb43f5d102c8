/** One direction of a link: all of its data shares the rate, in order of arrival. Times in milliseconds. */
export class Lane {
  readonly bytesPerMs: number;
  readonly delayMs: number;
  #freeAt = 0;

  constructor(mbitPerSecond: number, delayMs: number) {
    this.bytesPerMs = (mbitPerSecond * 1e6) / 8 / 1000;
    this.delayMs = delayMs;
  }

  /** Queues bytes at `now`, behind those sent before. @returns when the last of them arrives at the other end */
  send(bytes: number, now: number): number {
    this.#freeAt = Math.max(now, this.#freeAt) + bytes / this.bytesPerMs;
    return this.#freeAt + this.delayMs;
  }
}
