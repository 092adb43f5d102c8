import { WarmtreeError } from "../errors.ts";

/** Body limit. Files written by edit come inside the JSON, so it also limits one edit. */
const MAX_BODY_BYTES = 10 * 1024 * 1024;
/**
 * A larger body is read and discarded up to this size: a client that is cut off while it sends loses the answer (RFC
 * 9112, 9.6).
 */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;

/** Covers nearly every call. */
const SHORT_BODY_BYTES = 64 * 1024;

const JSON_TYPE = /^application\/json *(?:;|$)/i;

/**
 * Reads the JSON object in a request's body; at most 10 MiB, regardless of Content-Length.
 * @throws unsupported_media_type, payload_too_large or invalid_input
 */
export async function readJsonObject(request: Request): Promise<object> {
  if (!JSON_TYPE.test(request.headers.get("Content-Type") ?? "")) {
    throw new WarmtreeError("unsupported_media_type", "Send a JSON object with 'Content-Type: application/json'.");
  }
  const value = parseJson(await readText(request));
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new WarmtreeError("invalid_input", "The body must be a JSON object. Nothing was done.");
  }
  return value;
}

/**
 * Reads a body as text; at most 10 MiB.
 * @throws payload_too_large or invalid_input
 */
export async function readText(request: Request): Promise<string> {
  const { body } = request;
  if (body === null) return "";
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let text = "";
  let total = 0;
  try {
    // Breaking out of the loop cancels the stream.
    for await (const chunk of isShort(request) ? [await request.bytes()] : body) {
      total += chunk.byteLength;
      if (total > MAX_DISCARDED_BYTES) break;
      text = total > MAX_BODY_BYTES ? "" : text + decoder.decode(chunk, { stream: true });
    }
    if (total <= MAX_BODY_BYTES) return text + decoder.decode();
  } catch (error) {
    // Either the bytes are not UTF-8, or the client disconnected and does not read the answer.
    throw new WarmtreeError("invalid_input", "The body is not whole, valid UTF-8. Nothing was done.", {}, error);
  }
  throw new WarmtreeError(
    "payload_too_large",
    `The body is over ${MAX_BODY_BYTES} bytes. Nothing was done; send the work in several calls.`,
  );
}

/** Whether to read the body at once instead of by chunks: an HTTP server delivers no more than announced. */
function isShort({ headers }: Request): boolean {
  const announced = headers.get("Content-Length");
  return announced !== null && Number(announced) <= SHORT_BODY_BYTES;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WarmtreeError("invalid_input", "The body is not valid JSON. Nothing was done.", {}, error);
  }
}
