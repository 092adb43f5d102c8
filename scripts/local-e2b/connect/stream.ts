import type { IncomingMessage, ServerResponse } from "node:http";
import type { ConnectError } from "./error.ts";
import { endFrame } from "./frame.ts";

/** envd's interval when the client names none. */
const DEFAULT_KEEPALIVE_S = 90;

/** Where to break a stream off, for the fault switch. */
export interface Cut {
  /** Frames sent whole before the break. */
  readonly afterEvents: number | undefined;
  /** Bytes sent before the break, which may be in the middle of a frame. */
  readonly afterBytes: number | undefined;
}

/** The answer to a server-streaming RPC. Frames of one turn of the event loop leave in one write. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #keepalive: NodeJS.Timeout;
  readonly #cut: Cut | undefined;
  #events = 0;
  #bytes = 0;
  #corked = false;
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

  /** Called when the stream is over, whoever ended it. */
  onClose(listener: () => void): void {
    this.#response.once("close", listener);
  }

  onDrain(listener: () => void): void {
    this.#response.on("drain", listener);
  }

  /** Sends at once; for the first frame, which a client waits for. */
  sendNow(frame: Buffer): void {
    this.#write(frame);
  }

  /** @returns false when the client reads too slowly; see onDrain. */
  send(frame: Buffer): boolean {
    if (!this.#open) return true;
    this.#cork();
    this.#keepalive.refresh();
    return this.#write(frame);
  }

  end(error?: ConnectError): void {
    if (!this.#open) return;
    this.#cork();
    this.#write(endFrame(error));
    this.#shut();
    this.#response.end();
  }

  #write(frame: Buffer): boolean {
    if (!this.#open) return true;
    const room = this.#room(frame.length);
    if (room === undefined) {
      this.#events++;
      this.#bytes += frame.length;
      return this.#response.write(frame);
    }
    this.#shut();
    if (this.#corked) this.#response.uncork();
    // Destroying drops what is not yet written, so the last bytes go first.
    this.#response.write(frame.subarray(0, room), () => this.#response.destroy());
    if (room === 0) this.#response.destroy();
    return true;
  }

  /** How much of the next frame the fault switch lets through; undefined for all of it. */
  #room(length: number): number | undefined {
    const { afterEvents, afterBytes } = this.#cut ?? {};
    if (afterEvents !== undefined && this.#events >= afterEvents) return 0;
    if (afterBytes !== undefined && this.#bytes + length > afterBytes) return afterBytes - this.#bytes;
    return undefined;
  }

  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#response.cork();
    setImmediate(() => {
      this.#corked = false;
      this.#response.uncork();
    });
  }

  #shut(): void {
    this.#open = false;
    clearInterval(this.#keepalive);
  }
}
