import type * as z from "zod/v4";
import { readText } from "./body.ts";
import { E2bError } from "./error.ts";
import { refusal } from "./refusal.ts";

/** One HTTP request to E2B. */
export interface Call {
  /** Completes "E2B did not …" in error messages. */
  what: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  url: string;
  headers: Record<string, string>;
  body?: string | Uint8Array | ReadableStream<Uint8Array> | undefined;
  /**
   * Limit of the whole exchange, including the body of the answer; for a streamed request body, counted from its last
   * chunk.
   */
  timeoutMs: number;
}

/** A list page holds 100 sandboxes of about 1 KiB each. */
const ANSWER_MAX_BYTES = 4 * 1024 * 1024;
const ERROR_BODY_MAX_BYTES = 64 * 1024;
const SECRET_HEADERS = ["x-api-key", "x-access-token"];
const MAY_HAVE_STARTED = "It may have taken effect all the same.";

/**
 * Makes one request and reads its answer within `timeoutMs`. Every failure is an E2bError. Refuses redirects: following
 * one would send the key to another address.
 */
export async function exchange<T>(
  fetcher: typeof fetch,
  call: Call,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  // Not AbortSignal.timeout: it cannot be cleared, and a pending timer keeps a Durable Object in memory.
  let timer = setTimeout(() => abort.abort(), call.timeoutMs);
  const restart = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(), call.timeoutMs);
  };
  try {
    const response = await send(fetcher, { ...call, body: watched(call.body, restart) }, abort.signal);
    if (!response.ok) throw await refused(call, response);
    return await read(response);
  } catch (error) {
    const timedOut = abort.signal.aborted;
    abort.abort(); // Frees the connection of a partly read answer.
    if (timedOut && isLostConnection(error)) {
      throw new E2bError("timeout", `E2B did not ${call.what} within ${call.timeoutMs} ms. ${MAY_HAVE_STARTED}`, {
        started: true,
        limitMs: call.timeoutMs,
      });
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Passes a body through, and reports each chunk. */
function watched(body: Call["body"], onPart: () => void): Call["body"] {
  if (!(body instanceof ReadableStream)) return body;
  const watch = new TransformStream<Uint8Array, Uint8Array>({
    transform(part, controller) {
      onPart();
      controller.enqueue(part);
    },
  });
  return body.pipeThrough(watch);
}

/**
 * Reads a JSON answer.
 * @throws protocol with the offending field, if it does not match the schema
 */
export async function readJson<T>(response: Response, what: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readText(response, ANSWER_MAX_BYTES);
  const parsed = schema.safeParse(jsonOrUndefined(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined ? "" : ` (at "${issue.path.join(".")}": ${issue.message})`;
  throw new E2bError(
    "protocol",
    `E2B's answer to ${what} does not have the form that its API promises${where}. ${MAY_HAVE_STARTED}`,
    {
      started: true,
      status: response.status,
    },
  );
}

/** Parses JSON; undefined if invalid. */
export function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Every schema here requires an object or an array, so this is reported as a mismatch.
  }
}

async function send(fetcher: typeof fetch, call: Call, signal: AbortSignal): Promise<Response> {
  const { method, url, headers } = call;
  try {
    return await fetcher(url, { method, headers, body: call.body ?? null, redirect: "manual", signal });
  } catch (error) {
    const reason = redacted(describe(error), headers);
    throw new E2bError("unavailable", `E2B could not be reached to ${call.what}: ${reason}. ${MAY_HAVE_STARTED}`, {
      started: true,
    });
  }
}

async function refused(call: Call, response: Response): Promise<E2bError> {
  if (response.status >= 300 && response.status < 400) {
    const message = `E2B answered ${call.what} with a redirect, which is not followed because the request carries a key. Nothing was changed.`;
    return new E2bError("protocol", message, { started: false, status: response.status });
  }
  const text = await readText(response, ERROR_BODY_MAX_BYTES).catch(() => ""); // The status alone also identifies the error.
  return refusal(call.what, response, redacted(text, call.headers), Date.now());
}

function isLostConnection(error: unknown): boolean {
  return error instanceof E2bError && (error.code === "unavailable" || error.code === "stream_broken");
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return "unknown reason";
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

/** Removes keys from a message: a runtime quotes a malformed header's value, and a server may echo its request. */
function redacted(text: string, headers: Record<string, string>): string {
  let clean = text;
  for (const name of SECRET_HEADERS) {
    const secret = headers[name]?.trim();
    if (secret !== undefined && secret !== "") clean = clean.replaceAll(secret, "[secret]");
  }
  return clean;
}
