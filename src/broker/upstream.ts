import { cutAtWord, plainText } from "../redaction/plain-text.ts";
import { Redactor } from "../redaction/redactor.ts";
import type { Remote } from "../remote/types.ts";
import type { Note } from "./facts.ts";

/** Headers of git's request that the git host gets. Excludes `Accept-Encoding`: responses are passed on unpacked. */
const FROM_GIT = ["Accept", "Content-Type", "Content-Encoding", "Git-Protocol", "User-Agent"];
/** Headers of the git host's response that git gets. */
const FROM_HOST = ["Retry-After"];
const OF_GIT = /^application\/x-git-[a-z-]+$/;

/** Limit of a git host's error text; git prints text. */
const MAX_ERROR_BYTES = 4096;

/** Returns the secrets in an Authorization header: the header, its credential, and the token in that. */
const secretsIn = (authorization: string) => {
  const credential = authorization.split(" ").at(-1) ?? "";
  const [, token = ""] = /^[^:]*:(.*)$/s.exec(decodedBase64(credential)) ?? [];
  return [authorization, credential, token];
};

/** Request to the git host, made from a request to the broker. */
export interface UpstreamRequest {
  /** Path below the repository's address, with the query. */
  readonly path: string;
  readonly method: "GET" | "POST";
  /** Headers of git's own request. */
  readonly headers: Headers;
  readonly body?: ReadableStream<Uint8Array> | null;
  /** Aborted when git disconnects. */
  readonly signal: AbortSignal;
  readonly note?: Note;
}

/**
 * Sends git's request to the git host, with the real credential, and returns the host's response for git: a successful
 * body as it arrives; for an error, the status and its text without the credential. Redirects are not followed, and
 * their targets are not told.
 */
export async function answerOf(remote: Remote, request: UpstreamRequest): Promise<Response> {
  const { path, method, headers, body, signal, note } = request;
  let response: Response;
  try {
    response = await fetch(`${remote.url}/${path}`, {
      method,
      headers: headersFor(remote, headers),
      redirect: "manual",
      signal,
      ...(body ? { body } : {}),
    });
  } catch {
    return spoken(502, "The git host did not answer.");
  }
  const { status } = response;
  if (status !== 200) return failed(remote, response);
  const type = response.headers.get("Content-Type") ?? "";
  const length = lengthOf(response.headers);
  if (length !== undefined) note?.({ bytesOut: length });
  // A web page of the host must not be shown as a page of this service.
  return passed(response.body, status, OF_GIT.test(type) ? type : "text/plain", response.headers);
}

/** Answers in text, which git prints. */
export function spoken(status: number, text: string, headers: Headers = new Headers()): Response {
  return passed(new Response(`${text}\n`).body, status, "text/plain; charset=utf-8", headers);
}

/** Returns the announced length of a body; undefined if none is announced. */
export function lengthOf(headers: Headers): number | undefined {
  const text = headers.get("Content-Length") ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function headersFor({ authorization }: Remote, own: Headers): Headers {
  const headers = new Headers({ "Accept-Encoding": "identity" });
  for (const name of FROM_GIT) {
    const value = own.get(name);
    if (value !== null) headers.set(name, value);
  }
  if (authorization !== undefined) headers.set("Authorization", authorization);
  return headers;
}

function passed(body: Response["body"], status: number, type: string, from: Headers): Response {
  const headers = new Headers({ "Content-Type": type });
  for (const name of FROM_HOST) {
    const value = from.get(name);
    if (value !== null) headers.set(name, value);
  }
  // HTTP requires this header; git in a sandbox prompts nobody for a password.
  if (status === 401) headers.set("WWW-Authenticate", 'Basic realm="git"');
  return new Response(body, { status, headers });
}

async function failed({ authorization }: Remote, response: Response): Promise<Response> {
  const { status, headers } = response;
  const isText = headers.get("Content-Type")?.startsWith("text/plain") ?? false;
  const text = isText ? await beginningOf(response.body) : "";
  if (!isText) await response.body?.cancel();
  const words = plainText(text, new Redactor(authorization === undefined ? [] : secretsIn(authorization))).trim();
  return spoken(status, words || `The git host answered ${status}.`, headers);
}

async function beginningOf(body: Response["body"]): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  try {
    for await (const chunk of body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_ERROR_BYTES) break;
    }
  } catch {
    // The host closed the connection: its status suffices.
  }
  return cutAtWord(text, MAX_ERROR_BYTES);
}

function decodedBase64(text: string): string {
  try {
    return atob(text);
  } catch {
    return "";
  }
}
