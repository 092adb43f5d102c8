import { ApiError } from "../http/reply.ts";

export interface Part {
  readonly name: string;
  /** Undefined if the part is a plain form field. */
  readonly filename: string | undefined;
  /** Content that is not read before the next part is requested is dropped. */
  readonly content: AsyncGenerator<Buffer, void>;
}

const HEADERS_END = Buffer.from("\r\n\r\n");
/** Part headers are two lines; longer headers are refused. */
const MAX_HEADER_BYTES = 16 * 1024;

/** Reads multipart/form-data (RFC 7578) as a stream; never holds the whole content of a part. @throws ApiError 400 */
export async function* readParts(body: AsyncIterable<Buffer>, contentType: string): AsyncGenerator<Part, void> {
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  if (boundary === null) throw new ApiError(400, "the multipart content type names no boundary");
  const scanner = new Scanner(body, Buffer.from(`\r\n--${boundary[1] ?? boundary[2]}`));
  await drain(scanner.untilDelimiter());
  while (!(await scanner.atEnd())) {
    const headers = (await scanner.headers()).toString("utf8");
    const disposition = /^content-disposition:(.*)$/im.exec(headers)?.[1] ?? "";
    const content = scanner.untilDelimiter();
    yield { name: parameter(disposition, "name") ?? "", filename: parameter(disposition, "filename"), content };
    // Skips content that the reader has not read, up to the next part.
    await drain(content);
  }
}

async function drain(content: AsyncGenerator<Buffer, void>): Promise<void> {
  while ((await content.next()).done !== true);
}

/** Returns a parameter's value. Browsers and undici write quotes and line ends in names as %22, %0D, %0A. */
function parameter(disposition: string, name: string): string | undefined {
  const value = new RegExp(`;\\s*${name}="([^"]*)"`, "i").exec(disposition)?.[1];
  return value?.replace(/%(22|0D|0A)/gi, (escape) => decodeURIComponent(escape));
}

class Scanner {
  readonly #source: AsyncIterator<Buffer>;
  readonly #delimiter: Buffer;
  // Adds the line end that the first boundary does not have before it.
  #held: Buffer = Buffer.from("\r\n");

  constructor(body: AsyncIterable<Buffer>, delimiter: Buffer) {
    this.#source = body[Symbol.asyncIterator]();
    this.#delimiter = delimiter;
  }

  async *untilDelimiter(): AsyncGenerator<Buffer, void> {
    for (;;) {
      const at = this.#held.indexOf(this.#delimiter);
      if (at >= 0) {
        if (at > 0) yield this.#take(at);
        this.#take(this.#delimiter.length);
        return;
      }
      // The end of the held bytes may be the start of a delimiter.
      const safe = this.#held.length - this.#delimiter.length;
      if (safe > 0) yield this.#take(safe);
      await this.#more();
    }
  }

  /** Whether the form ends after a delimiter: `--` ends it, a line end begins a part. */
  async atEnd(): Promise<boolean> {
    while (this.#held.length < 2) await this.#more();
    return this.#take(2).toString("latin1") === "--";
  }

  async headers(): Promise<Buffer> {
    for (;;) {
      const at = this.#held.indexOf(HEADERS_END);
      if (at >= 0) {
        const headers = this.#take(at);
        this.#take(HEADERS_END.length);
        return headers;
      }
      if (this.#held.length > MAX_HEADER_BYTES) throw new ApiError(400, "the multipart part headers are too long");
      await this.#more();
    }
  }

  #take(length: number): Buffer {
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }

  async #more(): Promise<void> {
    const next = await this.#source.next();
    if (next.done === true) throw new ApiError(400, "the multipart form ends too early");
    this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value]);
  }
}
