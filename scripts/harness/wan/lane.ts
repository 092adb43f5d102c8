/** One direction of a link: all that goes that way shares its rate, in the order it came. Times in milliseconds. */
export class Lane {
  readonly bytesPerMs: number;
  readonly delayMs: number;
  #freeAt = 0;

  constructor(mbitPerSecond: number, delayMs: number) {
    this.bytesPerMs = (mbitPerSecond * 1e6) / 8 / 1000;
    this.delayMs = delayMs;
  }

  /** Takes bytes at `now`, behind those taken before. @returns when the last of them arrives at the other end */
  send(bytes: number, now: number): number {
    this.#freeAt = Math.max(now, this.#freeAt) + bytes / this.bytesPerMs;
    return this.#freeAt + this.delayMs;
  }
}
