import type { Next } from "hono";
import type { Redactor } from "../redaction/redactor.ts";
import { TAR_TYPE, textOf } from "./answer.ts";
import type { HttpContext } from "./context.ts";
import { isEventStream } from "./event-stream.ts";
import { redactorOf } from "./secrets.ts";

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\b/;
/** The line of a stream event that holds JSON. */
const DATA = /^(data: ?)(.+)$/gm;
const END_OF_EVENT = "\n\n";

const utf8 = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** Path of responses to git in a sandbox: byte streams that no model reads. The broker cleans their errors itself. */
const TO_GIT = "/broker/";

/**
 * Middleware before every route but the broker: removes secrets of the call and of the settings from headers and body
 * of every response. A git host can repeat the call's credential in text that is quoted, and the caller's model would
 * read it.
 */
export async function withoutSecrets(c: HttpContext, next: Next): Promise<void> {
  await next();
  if (c.req.path.startsWith(TO_GIT)) return;
  const { res } = c;
  const redactor = redactorOf(c);
  const text = textOf(res);
  if (text !== undefined && ![text, ...res.headers.values()].some((part) => redactor.mayHold(part))) return;
  // Otherwise Hono keeps the headers of the previous answer.
  c.res = undefined;
  c.res = await cleaned(res, redactor);
}

async function cleaned(response: Response, redactor: Redactor): Promise<Response> {
  const { status, statusText } = response;
  const headers = new Headers(response.headers);
  for (const [name, value] of response.headers) {
    if (redactor.mayHold(value)) headers.set(name, redactor.clean(value));
  }
  const init = { status, statusText, headers };
  if (response.body === null) return new Response(null, init);
  const type = headers.get("Content-Type") ?? "";
  if (isEventStream(response)) return new Response(response.body.pipeThrough(cleanEvents(redactor)), init);
  // A tar of files and git objects would break, and it is too large to be read here.
  if (type === TAR_TYPE) return new Response(response.body, init);
  // text() warns about types that it does not recognize as text, such as OpenMetrics.
  const body = await response.bytes();
  const text = utf8.decode(body);
  if (!redactor.mayHold(text)) return new Response(body, init);
  return new Response(JSON_TYPE.test(type) ? redactor.cleanJson(text) : redactor.clean(text), init);
}

/** Cleans a stream event by event: a secret split across two chunks would be missed in both. */
function cleanEvents(redactor: Redactor): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const cleanData = (_: string, name: string, data: string) => name + redactor.cleanJson(data);
  const clean = (events: string) => encoder.encode(redactor.mayHold(events) ? events.replace(DATA, cleanData) : events);
  let begun = "";
  return new TransformStream({
    transform(chunk, controller) {
      begun += decoder.decode(chunk, { stream: true });
      const end = begun.lastIndexOf(END_OF_EVENT) + END_OF_EVENT.length;
      if (end < END_OF_EVENT.length) return;
      controller.enqueue(clean(begun.slice(0, end)));
      begun = begun.slice(end);
    },
    flush(controller) {
      controller.enqueue(clean(begun + decoder.decode()));
    },
  });
}
