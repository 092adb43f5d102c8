import { brokenStream } from "./body.ts";
import { END_STREAM_FLAG, envelopes } from "./connect.ts";
import { E2bError } from "./error.ts";
import type { E2bErrorCode } from "./error.ts";
import { jsonOrUndefined } from "./exchange.ts";
import { CappedBytes, decodeBase64, TextTail } from "./output.ts";
import { endOfStream, processEvent } from "./schema.ts";
import { stdoutOf } from "./stdout-frame.ts";
import type { ProcessEnd } from "./schema.ts";

export interface OutputOptions {
  /** Time limit, after which the sandbox kills the process. */
  timeoutMs: number;
  /** Cap of stdout; the rest is dropped while the process runs on. */
  maxOutputBytes: number;
  /** Takes stdout as it arrives, and returns the part of it to collect. The process waits for it. */
  takeStdout?: ((bytes: Uint8Array) => Promise<Uint8Array>) | undefined;
  /** Receives stderr as it arrives, before the process ends. */
  onStderr?: (text: string) => void;
  /** Called once, when the process runs. */
  onStart?: (pid: number) => void;
}

export interface ProcessResult {
  /** -1 if a signal ended the process. */
  exitCode: number;
  stdout: Uint8Array;
  /** The last 64 Ki characters. */
  stderr: string;
  /** Whether stdout exceeded `maxOutputBytes`. */
  truncated: boolean;
}

export const STREAM_TYPE = "application/connect+json";
const STDERR_MAX_CHARS = 64 * 1024;

/** Longer than any message of envd; a sandbox's text is not trusted to be short. */
const MESSAGE_MAX_CHARS = 500;

/** Connect codes that envd answers before it has started anything. */
const REFUSALS: ReadonlyMap<string, E2bErrorCode> = new Map([
  ["invalid_argument", "invalid_request"],
  ["unauthenticated", "unauthenticated"],
  ["permission_denied", "unauthenticated"],
  ["not_found", "not_found"],
  ["resource_exhausted", "rate_limited"],
  ["unimplemented", "protocol"],
]);

/** Reads the answer of process.Process/Start, and collects the process's output so far. */
export class ProcessStream {
  readonly #options: OutputOptions;
  readonly #stdout: CappedBytes;
  readonly #stderr = new TextTail(STDERR_MAX_CHARS);
  readonly #stderrDecoder = new TextDecoder();
  #started = false;
  #end: ProcessEnd | undefined;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.#stdout = new CappedBytes(options.maxOutputBytes);
  }

  async read(response: Response): Promise<ProcessResult> {
    if (response.body === null || response.headers.get("content-type")?.startsWith(STREAM_TYPE) !== true) {
      throw this.#garbled("is not a Connect stream");
    }
    const text = new TextDecoder();
    let closed = false;
    for await (const { flags, data } of envelopes(response.body)) {
      const taken = flags === 0 && this.#options.takeStdout && stdoutOf(data);
      if (taken) {
        await this.#passOn(taken);
        continue;
      }
      const json = jsonOrUndefined(text.decode(data));
      if (flags === 0) await this.#take(json);
      else if (flags === END_STREAM_FLAG) {
        this.#close(json);
        closed = true;
      } else throw this.#garbled(`carries flags ${flags} that were not agreed on`);
    }
    if (!closed) throw brokenStream("it ended without a last message");
    return this.#result();
  }

  async #take(json: unknown): Promise<void> {
    const parsed = processEvent.safeParse(json);
    if (!parsed.success) throw this.#garbled("holds an event of unknown shape");
    const { start, data, end } = parsed.data.event;
    if (start !== undefined && !this.#started) {
      this.#started = true;
      this.#options.onStart?.(start.pid);
    }
    if (data?.stdout !== undefined) await this.#addStdout(data.stdout);
    if (data?.stderr !== undefined) this.#addStderr(decodeBase64(data.stderr));
    if (end !== undefined) this.#end = end;
  }

  async #addStdout(base64: string): Promise<void> {
    const { takeStdout } = this.#options;
    if (takeStdout) this.#stdout.appendBytes(await takeStdout(decodeBase64(base64)));
    else this.#stdout.append(base64);
  }

  async #passOn(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const kept = await this.#options.takeStdout?.(bytes);
    if (kept) this.#stdout.appendBytes(kept);
    // Frees its memory now: the garbage collector sees only small objects, and would free megabytes late.
    bytes.buffer.transfer(0);
  }

  #addStderr(bytes: Uint8Array): void {
    const text = this.#stderrDecoder.decode(bytes, { stream: true });
    this.#stderr.append(text);
    if (text !== "") this.#options.onStderr?.(text);
  }

  #close(json: unknown): void {
    const parsed = endOfStream.safeParse(json);
    if (!parsed.success) throw this.#garbled("ends with a message of unknown shape");
    const { error } = parsed.data;
    // A process that exited by itself has a result, even if its deadline passed before the stream was closed.
    if (error !== undefined && this.#end?.exited !== true) throw this.#failure(error.code, error.message);
  }

  #failure(connectCode: string, message: string): E2bError {
    if (connectCode === "deadline_exceeded") {
      const { timeoutMs } = this.#options;
      const text = `The process ran past its ${timeoutMs} ms and was killed. What it did until then stays.`;
      const stdout = this.#stdout.truncated ? undefined : this.#stdout.bytes();
      return new E2bError("process_deadline", text, { started: true, limitMs: timeoutMs, stdout });
    }
    const refused = REFUSALS.get(connectCode);
    const started = this.#started || refused === undefined;
    const effect = started ? "The process may have run." : "The process was not started.";
    const answer = `${connectCode}: ${message}`.slice(0, MESSAGE_MAX_CHARS);
    return new E2bError(refused ?? "unavailable", `The sandbox answered ${answer}. ${effect}`, { started });
  }

  #result(): ProcessResult {
    if (this.#end === undefined) throw this.#garbled("ends without the end of the process");
    this.#stderr.append(this.#stderrDecoder.decode());
    return {
      exitCode: this.#end.exitCode,
      stdout: this.#stdout.bytes(),
      stderr: this.#stderr.text(),
      truncated: this.#stdout.truncated,
    };
  }

  #garbled(how: string): E2bError {
    return new E2bError("protocol", `The sandbox's answer ${how}. The process may have run.`, { started: true });
  }
}
