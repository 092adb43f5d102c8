import { Duplex } from "node:stream";
import type { Lane } from "./lane.ts";

/** Time of the data that may wait at the entrance of a lane before the source must wait: a router's queue. */
const MAX_BACKLOG_MS = 100;
/** Large enough that neither side waits for each chunk to be read. */
const BUFFER_BYTES = 1024 * 1024;

/** Delivers the written data, and its end, when it has passed the lane. */
export class DelayLine extends Duplex {
  readonly #lane: Lane;
  readonly #windowBytes: number;
  readonly #queue: { readonly arrivesAt: number; readonly chunk: Buffer | null }[] = [];
  #queuedBytes = 0;
  #isWanted = false;
  #accept: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  bytes = 0;

  constructor(lane: Lane) {
    super({ highWaterMark: BUFFER_BYTES });
    this.#lane = lane;
    this.#windowBytes = lane.bytesPerMs * (lane.delayMs + MAX_BACKLOG_MS);
  }

  override _write(chunk: Buffer, _encoding: string, accept: () => void): void {
    this.bytes += chunk.length;
    this.#accept = accept;
    this.#enqueue(chunk);
  }

  override _final(done: () => void): void {
    this.#enqueue(null);
    done();
  }

  override _read(): void {
    this.#isWanted = true;
    this.#deliver();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#timer);
    done(error);
  }

  #enqueue(chunk: Buffer | null): void {
    const length = chunk?.length ?? 0;
    this.#queue.push({ arrivesAt: this.#lane.send(length, performance.now()), chunk });
    this.#queuedBytes += length;
    this.#deliver();
  }

  #deliver(): void {
    let head = this.#queue[0];
    while (this.#isWanted && head !== undefined && head.arrivesAt <= performance.now()) {
      this.#queue.shift();
      this.#queuedBytes -= head.chunk?.length ?? 0;
      this.#isWanted = false;
      if (this.push(head.chunk)) this.#isWanted = true;
      head = this.#queue[0];
    }
    clearTimeout(this.#timer);
    if (this.#isWanted && head !== undefined) {
      this.#timer = setTimeout(() => this.#deliver(), Math.max(1, Math.ceil(head.arrivesAt - performance.now())));
    }
    if (this.#queuedBytes > this.#windowBytes) return;
    const accept = this.#accept;
    this.#accept = undefined;
    accept?.();
  }
}
