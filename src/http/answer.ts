import type { Caller } from "../workspace/caller.ts";

interface AnswerOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Id of this request in logs and for support. */
  readonly requestId?: string;
}

const texts = new WeakMap<Response, string>();

/** Returns the body of a response that `answer` built, which saves reading it again. */
export const textOf = (response: Response): string | undefined => texts.get(response);

/** Builds a JSON answer; a null body is 204 No Content. */
export function answer(body: object | null, options: AnswerOptions = {}): Response {
  const { status = body === null ? 204 : 200, requestId = crypto.randomUUID(), headers } = options;
  const type = body === null ? {} : { "Content-Type": "application/json" };
  const text = body && JSON.stringify(body);
  const made = new Response(text, { status, headers: { "X-Request-Id": requestId, ...type, ...headers } });
  texts.set(made, text ?? "");
  return made;
}

/** Content type of a download, which streams through unchanged. */
export const TAR_TYPE = "application/x-tar";

/** Builds the response of a download. */
export function tarAnswer(
  body: ReadableStream | null,
  { requestId, headers }: Required<Omit<AnswerOptions, "status">>,
) {
  return new Response(body, {
    headers: { "X-Request-Id": requestId, "Content-Type": TAR_TYPE, ...headers },
  });
}

/** Returns Server-Timing's value: milliseconds in total and in the sandbox, and the number of calls to the pool. */
export function serverTiming(startedAt: number, { sandboxMs, objectCalls }: Caller["cost"]): string {
  const total = (performance.now() - startedAt).toFixed(1);
  return `total;dur=${total}, sandbox;dur=${sandboxMs.toFixed(1)}, object;desc="${objectCalls}"`;
}
