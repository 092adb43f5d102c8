import { brokenStream } from "./body.ts";
import { envdHeaders, envdUrl } from "./config.ts";
import type { E2bConfig, SandboxAddress } from "./config.ts";
import { encodeEnvelope, END_STREAM_FLAG, envelopes } from "./connect.ts";
import { E2bError } from "./error.ts";
import type { E2bErrorCode } from "./error.ts";
import { exchange, jsonOrUndefined } from "./exchange.ts";
import { CappedBytes, decodeBase64, TextTail } from "./output.ts";
import { endOfStream, processEvent } from "./schema.ts";
import type { ProcessEvent } from "./schema.ts";

export interface ProcessRequest {
  cmd: string;
  args: string[];
  envs: Record<string, string>;
  /** Absolute, or relative to the user's home, where the process starts when absent. */
  cwd?: string;
  /** The sandbox kills the process after this long. */
  timeoutMs: number;
  /** Of stdout; the rest is dropped while the process runs on. */
  maxOutputBytes: number;
  /** Called as stderr comes in, before the process ends. */
  onStderr?: (text: string) => void;
}

export interface ProcessResult {
  /** -1 when a signal ended the process. */
  exitCode: number;
  stdout: Uint8Array;
  /** The last 64 Ki characters. */
  stderr: string;
  /** Whether stdout went past `maxOutputBytes`. */
  truncated: boolean;
}

/** What the sandbox's own deadline needs to win against ours: it kills the process, ours only stops listening. */
const CLIENT_MARGIN_MS = 5_000;
/** Below the idle limits (60 s and up) of the proxies on the way. */
const KEEPALIVE_S = 50;
const STDERR_MAX_CHARS = 64 * 1024;
const STREAM_TYPE = "application/connect+json";

/** Connect codes envd answers with before it has started anything. */
const REFUSALS: ReadonlyMap<string, E2bErrorCode> = new Map([
  ["invalid_argument", "invalid_request"],
  ["unauthenticated", "unauthenticated"],
  ["permission_denied", "unauthenticated"],
  ["not_found", "not_found"],
  ["resource_exhausted", "rate_limited"],
  ["unimplemented", "protocol"],
]);

/**
 * Runs one process to its end: one request (envd process.Process/Start, a Connect server stream).
 * A non-zero exit is a result, not an error. Never retried; an E2bError with `started` false says that the
 * caller may. A process whose stream broke or timed out on our side runs on until its deadline.
 */
export async function runProcess(
  config: E2bConfig,
  session: SandboxAddress,
  request: ProcessRequest,
  fetcher: typeof fetch = fetch,
): Promise<ProcessResult> {
  const { cmd, args, envs, cwd, timeoutMs } = request;
  const call = {
    what: "run a process",
    method: "POST",
    url: `${envdUrl(config, session)}/process.Process/Start`,
    headers: {
      ...envdHeaders(session),
      "content-type": STREAM_TYPE,
      "connect-protocol-version": "1",
      "connect-timeout-ms": String(timeoutMs),
      "keepalive-ping-interval": String(KEEPALIVE_S),
    },
    body: encodeEnvelope({ process: { cmd, args, envs, ...(cwd === undefined ? {} : { cwd }) }, stdin: false }),
    timeoutMs: timeoutMs + CLIENT_MARGIN_MS,
  } as const;
  return exchange(fetcher, call, (response) => new ProcessStream(request).read(response));
}

/** What a process has told so far. */
class ProcessStream {
  readonly #request: ProcessRequest;
  readonly #stdout: CappedBytes;
  readonly #stderr = new TextTail(STDERR_MAX_CHARS);
  readonly #stderrDecoder = new TextDecoder();
  #started = false;
  #end: ProcessEvent["end"];

  constructor(request: ProcessRequest) {
    this.#request = request;
    this.#stdout = new CappedBytes(request.maxOutputBytes);
  }

  async read(response: Response): Promise<ProcessResult> {
    if (response.body === null || response.headers.get("content-type") !== STREAM_TYPE) {
      throw this.#garbled("is not a Connect stream");
    }
    const text = new TextDecoder();
    let closed = false;
    for await (const { flags, data } of envelopes(response.body)) {
      const json = jsonOrUndefined(text.decode(data));
      if (flags === 0) this.#take(json);
      else if (flags === END_STREAM_FLAG) {
        this.#close(json);
        closed = true;
      } else throw this.#garbled(`carries flags ${flags} that were not agreed on`);
    }
    if (!closed) throw brokenStream("it ended without a last message");
    return this.#result();
  }

  #take(json: unknown): void {
    const parsed = processEvent.safeParse(json);
    if (!parsed.success) throw this.#garbled("holds an event of unknown shape");
    const { start, data, end } = parsed.data.event;
    if (start !== undefined) this.#started = true;
    if (data?.stdout !== undefined) this.#stdout.append(data.stdout);
    if (data?.stderr !== undefined) this.#addStderr(decodeBase64(data.stderr));
    if (end !== undefined) this.#end = end;
  }

  #addStderr(bytes: Uint8Array): void {
    const text = this.#stderrDecoder.decode(bytes, { stream: true });
    this.#stderr.append(text);
    if (text !== "") this.#request.onStderr?.(text);
  }

  #close(json: unknown): void {
    const parsed = endOfStream.safeParse(json);
    if (!parsed.success) throw this.#garbled("ends with a message of unknown shape");
    const { error } = parsed.data;
    // A process that exited by itself has its result, though its deadline passed before the stream was closed.
    if (error !== undefined && this.#end?.exited !== true) throw this.#failure(error.code, error.message);
  }

  #failure(connectCode: string, message: string): E2bError {
    if (connectCode === "deadline_exceeded") {
      const told = `The process ran past its ${this.#request.timeoutMs} ms and was killed. What it did until then stays.`;
      return new E2bError("process_deadline", told, { started: true });
    }
    const refused = REFUSALS.get(connectCode);
    const started = this.#started || refused === undefined;
    const effect = started ? "The process may have run." : "The process was not started.";
    return new E2bError(refused ?? "unavailable", `The sandbox answered ${connectCode}: ${message}. ${effect}`, { started });
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
