const TYPE = "text/event-stream";
/** Proxies close a connection that is silent for a minute or two. */
const BEAT_MS = 15_000;
const BEAT = ": still running\n\n";

/** Whether a client asks for server-sent events rather than JSON. */
export const wantsEvents = (headers: Headers): boolean => (headers.get("Accept") ?? "").includes(TYPE);

export const isEventStream = ({ headers }: Response): boolean => (headers.get("Content-Type") ?? "").startsWith(TYPE);

/** A response of server-sent events (HTML Living Standard, 9.2) with JSON. A client that leaves is no error. */
export class EventStream {
  readonly #stream = new TransformStream<Uint8Array, Uint8Array>();
  readonly #writer = this.#stream.writable.getWriter();
  readonly #encoder = new TextEncoder();
  readonly #beat = setInterval(() => void this.#write(BEAT), BEAT_MS);

  constructor() {
    // Stops the beat after a failure. Each write handles its own.
    this.#writer.closed.catch(() => clearInterval(this.#beat));
  }

  /**
   * Sends an event. Resolves when the client takes it; nobody has to wait.
   * @param id from which a client that was cut off continues (`Last-Event-ID`)
   */
  send(event: string, data: object, id?: number): Promise<void> {
    const named = id === undefined ? "" : `id: ${id}\n`;
    return this.#write(`${named}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  async end(): Promise<void> {
    clearInterval(this.#beat);
    await this.#writer.close().catch(() => undefined);
  }

  response(requestId: string): Response {
    return new Response(this.#stream.readable, { headers: { "Content-Type": TYPE, "X-Request-Id": requestId } });
  }

  #write(text: string): Promise<void> {
    return this.#writer.write(this.#encoder.encode(text)).catch(() => undefined);
  }
}
