import { envdHeaders, envdUrl } from "./config.ts";
import type { E2bConfig, SandboxAddress } from "./config.ts";
import { envdHas } from "./envd-version.ts";
import { E2bError } from "./error.ts";
import { exchange, readJson } from "./exchange.ts";
import { withRetries } from "./retry.ts";
import { writtenFiles } from "./schema.ts";

/** Limit of an upload; of a streamed one, between two chunks. */
const UPLOAD_TIMEOUT_MS = 60_000;
const UPLOAD_DEADLINE_MS = 90_000;

/**
 * Writes one file in a sandbox (envd POST /files). Creates its folders and replaces an existing file. Retries transient
 * failures, because repeating it is harmless. Its errors have `started: false`: nothing uses a file before its writer
 * announces it.
 * @param path absolute, or relative to the user's home
 * @throws E2bError
 */
export async function uploadFile(
  config: E2bConfig,
  session: SandboxAddress,
  path: string,
  body: Uint8Array,
  fetcher: typeof fetch = fetch,
): Promise<void> {
  await withRetries(
    (remainingMs) => write(config, session, path, body, Math.min(UPLOAD_TIMEOUT_MS, remainingMs), fetcher),
    { idempotent: true, deadlineMs: UPLOAD_DEADLINE_MS },
  ).catch((error: unknown) => {
    if (!(error instanceof E2bError)) throw error;
    const { code, message, status, retryAfterS, retryAdvised, limitMs } = error;
    throw new E2bError(code, message, { started: false, status, retryAfterS, retryAdvised, limitMs });
  });
}

/** Whether a sandbox supports streamed uploads, and a call that closes a process's stdin. Older ones lack both. */
export const takesStreams = ({ envdVersion }: SandboxAddress): boolean =>
  envdHas("plainUpload", envdVersion) && envdHas("closeStdin", envdVersion);

/**
 * Writes a file as its bytes arrive: the file grows meanwhile, and ends where they break off. No retries, because the
 * bytes come only once.
 * @throws E2bError
 */
export async function uploadStream(
  config: E2bConfig,
  session: SandboxAddress,
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  fetcher: typeof fetch = fetch,
): Promise<void> {
  await write(config, session, path, streamOf(bytes), UPLOAD_TIMEOUT_MS, fetcher);
}

function streamOf(bytes: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      // workerd reports no catchable error of a failing body. The reader of the file detects that it is incomplete.
      const next = await iterator.next().catch(() => undefined);
      if (next === undefined || next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

/** Encodes bytes as the one file of a form (RFC 7578). */
function asForm(bytes: Uint8Array): { readonly type: string; readonly body: Uint8Array } {
  const boundary = crypto.randomUUID();
  const text = new TextEncoder();
  const head = text.encode(
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\nContent-Type: application/octet-stream\r\n\r\n`,
  );
  const tail = text.encode(`\r\n--${boundary}--\r\n`);
  const body = new Uint8Array(head.length + bytes.length + tail.length);
  body.set(head);
  body.set(bytes, head.length);
  body.set(tail, head.length + bytes.length);
  return { type: `multipart/form-data; boundary=${boundary}`, body };
}

function write(
  config: E2bConfig,
  session: SandboxAddress,
  path: string,
  body: Uint8Array | ReadableStream<Uint8Array>,
  timeoutMs: number,
  fetcher: typeof fetch,
): Promise<unknown> {
  const what = "write a file";
  const url = `${envdUrl(config, session)}/files?${new URLSearchParams({ path }).toString()}`;
  const isPlain = envdHas("plainUpload", session.envdVersion) || !(body instanceof Uint8Array);
  const form = isPlain ? undefined : asForm(body);
  const headers = { ...envdHeaders(session), "content-type": form?.type ?? "application/octet-stream" };
  const call = { what, method: "POST", url, headers, body: form?.body ?? body, timeoutMs } as const;
  return exchange(fetcher, call, (response) => readJson(response, what, writtenFiles));
}
