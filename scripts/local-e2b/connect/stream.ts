import type { IncomingMessage, ServerResponse } from "node:http";
import type { ConnectError } from "./error.ts";
import { endFrame } from "./frame.ts";

/** envd's keepalive interval for a client that sends none. */
const DEFAULT_KEEPALIVE_S = 90;

/** Point at which the fault switch breaks a stream. */
export interface Cut {
  /** Number of whole frames sent before the break. */
  readonly afterEvents: number | undefined;
  /** Number of bytes sent before the break, which may be in the middle of a frame. */
  readonly afterBytes: number | undefined;
}

/** Response to a server-streaming RPC. Sends the frames of one turn of the event loop in one write. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #keepalive: NodeJS.Timeout;
  readonly #cut: Cut | undefined;
  readonly #waiting: Buffer[] = [];
  #events = 0;
  #bytes = 0;
  #open = true;

  constructor(request: IncomingMessage, response: ServerResponse, keepaliveFrame: Buffer, cut: Cut | undefined) {
    this.#response = response;
    this.#cut = cut;
    const seconds = Number(request.headers["keepalive-ping-interval"]);
    const interval = Number.isInteger(seconds) && seconds > 0 ? seconds : DEFAULT_KEEPALIVE_S;
    this.#keepalive = setInterval(() => this.send(keepaliveFrame), interval * 1000);
    response.once("close", () => this.#shut());
    response.writeHead(200, { "Content-Type": "application/connect+json" });
  }

  /** Calls the listener when the stream is closed, by either side. */
  onClose(listener: () => void): void {
    this.#response.once("close", listener);
  }

  /** Calls the listener when a slow client has caught up. */
  onDrain(listener: () => void): void {
    this.#response.on("drain", listener);
  }

  /** Sends a frame at once. For the first frame, because the client waits for it. */
  sendNow(frame: Buffer): void {
    this.send(frame);
    this.#flush();
  }

  /** @returns false if the client reads too slowly; see onDrain. */
  send(frame: Buffer): boolean {
    if (!this.#open) return true;
    const room = this.#room(frame.length);
    if (room !== undefined) {
      this.#break(frame.subarray(0, room));
      return true;
    }
    this.#events++;
    this.#bytes += frame.length;
    this.#keepalive.refresh();
    if (this.#waiting.push(frame) === 1) setImmediate(() => this.#flush());
    return !this.#response.writableNeedDrain;
  }

  end(error?: ConnectError): void {
    this.send(endFrame(error));
    if (!this.#open) return;
    this.#shut();
    this.#response.end(this.#take());
  }

  /** Returns how many bytes of the next frame the fault switch lets through; undefined for all. */
  #room(length: number): number | undefined {
    const { afterEvents, afterBytes } = this.#cut ?? {};
    if (afterEvents !== undefined && this.#events >= afterEvents) return 0;
    if (afterBytes !== undefined && this.#bytes + length > afterBytes) return afterBytes - this.#bytes;
    return undefined;
  }

  #break(last: Buffer): void {
    this.#shut();
    this.#waiting.push(last);
    // Waits for the write, because destroy() drops unwritten data.
    this.#response.write(this.#take(), () => this.#response.destroy());
  }

  #flush(): void {
    if (this.#open && this.#waiting.length > 0) this.#response.write(this.#take());
  }

  #take(): Buffer {
    const [first, ...more] = this.#waiting.splice(0);
    return first !== undefined && more.length === 0
      ? first
      : Buffer.concat(first === undefined ? [] : [first, ...more]);
  }

  #shut(): void {
    this.#open = false;
    clearInterval(this.#keepalive);
  }
}
